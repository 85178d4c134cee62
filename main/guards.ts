import type { Session, WebContents } from 'electron';
import { openOutside } from './external-links.ts';
import { isAppUrl, mayRequest } from './origin.ts';

/** What a page can ask of a session is denied: every permission, every request that is not our own, foreign downloads. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest((details, answer) => answer({ cancel: !mayRequest(details.url) }));
  session.on('will-download', (event, item) => {
    const url = item.getURL();
    if (isAppUrl(url.replace(/^blob:/, '')))
      item.setSaveDialogOptions({ title: 'Save', defaultPath: item.getFilename() });
    else event.preventDefault();
  });
}

/**
 * Keeps a page where it is: it never leaves its one document (its places are behind the `#`), so every navigation that
 * a page starts is stopped, wherever it leads, and so is every new window and webview.
 */
export function guardContents(contents: WebContents): void {
  const stop = (event: { preventDefault: () => void }): void => event.preventDefault();
  contents.on('will-navigate', stop);
  contents.on('will-redirect', stop);
  contents.on('will-frame-navigate', stop);
  contents.on('will-attach-webview', stop);
  contents.setWindowOpenHandler(({ url }) => {
    void openOutside(url);
    return { action: 'deny' };
  });
}
