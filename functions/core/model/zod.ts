import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';

// zod's small build has no messages: without these every error would read "Invalid input".
z.config(english());

/** zod's small build, with English messages. */
export * from 'zod/mini';
