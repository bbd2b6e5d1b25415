import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';

// The small build of zod brings no words of its own: without these every refusal would say «Invalid input».
z.config(english());
