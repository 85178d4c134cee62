import '../../support/fake-service.ts';
import { expect, test, vi } from 'vitest';
import { Crosshair } from '../../../../renderer/lib/charts/crosshair.svelte.ts';
import { dragTime } from '../../../../renderer/lib/charts/drag-time.ts';
import { fitted, pan, roundTicks, zoom } from '../../../../renderer/lib/charts/time-range.ts';
import { TimeView } from '../../../../renderer/lib/charts/time-view.svelte.ts';
import { secondsWindow } from '../../../../renderer/lib/run/system-columns.ts';

const view = (): TimeView => new TimeView(() => 1000);

test('a stretch stays inside the whole, in order, and is never shorter than can be told apart', () => {
  expect(fitted({ from: 300, to: 200 }, 1000)).toEqual({ from: 200, to: 300 });
  expect(fitted({ from: -50, to: 100 }, 1000)).toEqual({ from: 0, to: 150 });
  expect(fitted({ from: 950, to: 1200 }, 1000)).toEqual({ from: 750, to: 1000 });
  expect(fitted({ from: 500, to: 500 }, 1000)!.to).toBeGreaterThan(500);
  expect(fitted({ from: 0, to: 1000 }, 1000)).toBeNull();
});

test('zooming keeps a place where it is, and moving stops at the ends', () => {
  const seen = view();
  zoom(seen, 2, 250);
  expect(seen.range).toEqual({ from: 125, to: 625 });
  pan(seen, 10);
  expect(seen.range).toEqual({ from: 500, to: 1000 });
  zoom(seen, 1 / 4, 750);
  expect(seen.range).toBeNull();
  pan(seen, 1);
  expect(seen.range).toBeNull();
});

test('plus, minus and 0 zoom around the clock; what is seen goes along with it', () => {
  const seen = view();
  const press = (key: string): boolean => seen.key(new KeyboardEvent('keydown', { key }), 200);
  expect([press('+'), press('x')]).toEqual([true, false]);
  expect(seen.range).toEqual({ from: 100, to: 600 });
  seen.follow(700);
  expect(seen.range).toEqual({ from: 200, to: 700 });
  seen.follow(50);
  expect(seen.range).toEqual({ from: 50, to: 550 });
  press('-');
  expect(seen.range).toBeNull();
  press('+');
  press('0');
  expect(seen.range).toBeNull();
});

test('ticks are round numbers inside the stretch', () => {
  expect(roundTicks({ from: 130, to: 620 }, 5)).toEqual([200, 300, 400, 500, 600]);
  expect(roundTicks({ from: 0, to: 4000 }, 4)).toEqual([0, 1000, 2000, 3000, 4000]);
});

test('charts over seconds show when the images were seen, and say so when they are zoomed themselves', () => {
  const images = view();
  const columns = { seconds: [0, 10, 20, 30, 40], nimg: [0, 0, 500, 750, 1000] };
  const seconds = secondsWindow(images, () => columns as never);
  expect([seconds.range, seconds.end]).toEqual([null, 40]);
  images.show({ from: 500, to: 740 });
  expect(seconds.range).toEqual({ from: 20, to: 30 });
  seconds.show({ from: 21, to: 41 });
  expect(images.range).toEqual({ from: 500, to: 1000 });
});

/** A chart 100 pixels wide, of which a pixel is 10 images. */
function chart() {
  const crosshair = new Crosshair(view());
  const element = document.createElement('div');
  element.setPointerCapture = () => undefined;
  const clicked = vi.fn();
  const end = dragTime(crosshair, { at: (x) => x * 10, width: () => 100 })(element);
  element.addEventListener('click', clicked);
  const pointer = (type: string, clientX: number, shiftKey = false): boolean =>
    element.dispatchEvent(new MouseEvent(type, { clientX, shiftKey, button: 0, bubbles: true }));
  const drag = (from: number, to: number, shiftKey = false): void => {
    pointer('pointerdown', from, shiftKey);
    pointer('pointermove', to, shiftKey);
    pointer('pointerup', to, shiftKey);
    pointer('click', to, shiftKey);
  };
  return { crosshair, element, clicked, pointer, drag, end };
}

test('dragging zooms and is no click; a click is no drag; a double click shows all', () => {
  const { crosshair, clicked, pointer, drag } = chart();
  drag(40, 42);
  expect([crosshair.view!.range, clicked.mock.calls.length]).toEqual([null, 1]);
  drag(60, 20);
  expect([crosshair.view!.range, clicked.mock.calls.length]).toEqual([{ from: 200, to: 600 }, 1]);
  drag(50, 30, true);
  expect(crosshair.view!.range).toEqual({ from: 280, to: 680 });
  pointer('dblclick', 50);
  expect(crosshair.view!.range).toBeNull();
});

test('Esc gives a drag up, and a chart without a view of its own is not zoomed', () => {
  const { crosshair, pointer } = chart();
  pointer('pointerdown', 10);
  pointer('pointermove', 50);
  expect(crosshair.band).toEqual({ from: 100, to: 500 });
  window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
  pointer('pointerup', 50);
  expect([crosshair.band, crosshair.view!.range]).toEqual([null, null]);
});

test('a wheel turned sideways moves what is seen, with Ctrl it zooms, and else the page scrolls', () => {
  const { crosshair, element } = chart();
  const wheel = (init: WheelEventInit): boolean =>
    element.dispatchEvent(new WheelEvent('wheel', { clientX: 50, cancelable: true, ...init }));
  expect(wheel({ deltaX: 20 })).toBe(true); // all is seen: there is nowhere to go
  expect(wheel({ deltaY: -400, ctrlKey: true })).toBe(false);
  const { from, to } = crosshair.view!.range!;
  expect([from, to].map(Math.round)).toEqual([316, 684]);
  expect(wheel({ deltaX: 10 })).toBe(false);
  expect(crosshair.view!.range!.from - from).toBeCloseTo(0.1 * (to - from));
  expect(wheel({ deltaY: 30 })).toBe(true);
});
