import { client } from '../client/index.ts';

/**
 * Pictures that could not be fetched while the service was away are fetched again when it is back.
 *
 * @param whenOpen calls back each time it is (`Client.whenOpen`)
 * @returns to be called when the frame is taken down
 */
export function mendPictures(whenOpen = (back: () => void) => client.whenOpen(back)): () => void {
  const broken = new Set<HTMLImageElement>();
  const failed = ({ target }: Event): void => {
    if (target instanceof HTMLImageElement) broken.add(target);
  };
  document.addEventListener('error', failed, { capture: true }); // it does not bubble
  const stop = whenOpen(() => {
    const again = [...broken];
    broken.clear(); // one that fails again is noted again
    for (const picture of again) {
      const address = picture.getAttribute('src');
      if (picture.isConnected && address !== null) picture.setAttribute('src', address);
    }
  });
  return () => {
    stop();
    document.removeEventListener('error', failed, { capture: true });
  };
}
