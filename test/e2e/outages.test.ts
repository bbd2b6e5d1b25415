// These tests stop or limit the whole local cloud, so they run one after the other and after all other files. Recovery
// is last: it loses every stack.
import './outages/refusal.ts';
import './outages/chaos.ts';
import './outages/recovery.ts';
