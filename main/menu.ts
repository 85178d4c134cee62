import { Menu, type MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  readonly showAbout: () => void;
}

/** The application's menu. Reload and developer tools are for a checkout; a packed app has neither item nor key. */
export function installMenu(packaged: boolean, actions: MenuActions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(packaged, process.platform, actions)));
}

/** The menu as data. */
export function menuTemplate(
  packaged: boolean,
  platform: NodeJS.Platform,
  actions: MenuActions,
): MenuItemConstructorOptions[] {
  const developer: MenuItemConstructorOptions[] = packaged
    ? []
    : [{ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' }];
  const about: MenuItemConstructorOptions = { label: 'About EDM2 Studio', click: actions.showAbout };
  const quit: MenuItemConstructorOptions = { role: 'quit', label: 'Quit' };
  return [
    platform === 'darwin'
      ? { label: 'EDM2 Studio', submenu: [about, { type: 'separator' }, { role: 'hide' }, { role: 'unhide' }, quit] }
      : { label: 'File', submenu: [quit] },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'resetZoom' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        ...developer,
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [about] },
  ];
}
