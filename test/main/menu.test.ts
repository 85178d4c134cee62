import type { MenuItemConstructorOptions } from 'electron';
import { expect, test, vi } from 'vitest';
import { menuTemplate } from '../../main/menu.ts';

vi.mock('electron', () => ({ Menu: {} }));

function roles(items: readonly MenuItemConstructorOptions[]): string[] {
  return items.flatMap((item) => [
    ...(item.role === undefined ? [] : [item.role]),
    ...(Array.isArray(item.submenu) ? roles(item.submenu) : []),
  ]);
}

test('a packed app has no reload and no developer tools, a checkout has', () => {
  const actions = { showAbout: () => undefined };
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    expect(roles(menuTemplate(true, platform, actions))).not.toContain('reload');
    expect(roles(menuTemplate(true, platform, actions))).not.toContain('toggleDevTools');
    expect(roles(menuTemplate(false, platform, actions))).toEqual(expect.arrayContaining(['reload', 'toggleDevTools']));
  }
});

test('Help leads to the About page', () => {
  const showAbout = vi.fn();
  const help = menuTemplate(true, 'linux', { showAbout }).find((item) => item.role === 'help');
  const [about] = help?.submenu as MenuItemConstructorOptions[];
  about?.click?.(undefined as never, undefined, undefined as never);
  expect(showAbout).toHaveBeenCalledOnce();
});
