import '../../support/fake-service.ts';
import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import SheetPictures from '../../../../renderer/lib/run/SheetPictures.svelte';
import { exampleSample } from '../../support/examples.ts';

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const sample = exampleSample({ seeds: [0, 1, 0, 1], labels: [0, 0, 1, 1], columns: 2, resolution: 32 });
const show = (width: number, own = sample): HTMLElement => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(width);
  render(SheetPictures, { sample: own, classes: ['Faces', 'Flags'], label: 'Pictures', onopen: () => undefined });
  return screen.getByRole('group', { name: 'Pictures' });
};

test.each([
  [900, 128],
  [320, 96],
  [200, 32],
])('in %d px the classes stand beside the rows, and pictures are whole multiples of the network’s', (width, size) => {
  const grid = show(width);
  expect([screen.getByText('Faces'), screen.getByText('Flags')]).toHaveLength(2);
  expect(grid.style.gridTemplateColumns).toBe(`repeat(2, ${size}px)`);
});

test('where rows are no classes none are named', () => {
  show(900, exampleSample({ seeds: [0, 1, 0, 1], labels: [0, 1, 0, 1], columns: 2, resolution: 32 }));
  expect(screen.queryByText('Faces')).toBeNull();
});
