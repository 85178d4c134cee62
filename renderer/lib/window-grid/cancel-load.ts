import type { Attachment } from 'svelte/attachments';

/**
 * Stops an image's loading when it leaves the page. Chromium goes on loading otherwise, and a quick scroll over
 * thousands of pictures makes those in sight wait for all that flew by.
 */
export const cancelLoad: Attachment<HTMLImageElement> = (image) => () => {
  if (!image.complete) image.removeAttribute('src');
};
