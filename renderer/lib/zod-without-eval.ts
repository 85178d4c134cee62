import * as z from 'zod';

// zod compiles object parsers with `new Function` unless told otherwise, which the page's content policy refuses.
// Imported first of all in main.ts: schemas look at this when they are made.
z.config({ jitless: true });
