import { beforeEach, expect, test, vi } from 'vitest';
import { openOutside } from '../../main/external-links.ts';

const { openExternal } = vi.hoisted(() => ({ openExternal: vi.fn((link: string) => Promise.resolve(link)) }));
vi.mock('electron', () => ({ shell: { openExternal } }));

beforeEach(() => openExternal.mockClear());

test("a link to a known host opens in the system's browser", async () => {
  expect(await openOutside('https://arxiv.org/abs/2312.02696')).toBe(true);
  expect(openExternal).toHaveBeenCalledWith('https://arxiv.org/abs/2312.02696');
});

test.each([
  'file:///etc/passwd',
  'javascript:alert(1)',
  'smb://server/share',
  '\\\\server\\share',
  'http://arxiv.org/',
  'https://arxiv.org.evil.example/',
  'https://evil.example/arxiv.org',
  'https://arxiv.org@evil.example/',
  'https://user:secret@arxiv.org/',
  'https://arxiv.org:8443/',
  'ms-settings:',
  'no link',
])('%s is not opened', async (link) => {
  expect(await openOutside(link)).toBe(false);
  expect(openExternal).not.toHaveBeenCalled();
});
