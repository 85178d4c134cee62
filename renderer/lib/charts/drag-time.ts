import type { Attachment } from 'svelte/attachments';
import type { Crosshair } from './crosshair.svelte.ts';
import { pan, zoom } from './time-range.ts';

/** A pointer that has moved less far is a click. */
const CLICK_PX = 5;
/** Wheel's pixels that make what is seen e times shorter. */
const WHEEL_ZOOM_PX = 400;

interface Place {
  /** The place on x under a pointer; the nearest end where it is outside. null: there is no axis yet. */
  readonly at: (clientX: number) => number | null;
  /** Pixels of what is seen. */
  readonly width: () => number;
}

/**
 * Dragging over a chart zooms into what was dragged over, with Shift it moves what is seen, as a wheel does that turns
 * sideways or with Shift; with Ctrl the wheel zooms. A double click shows all, Esc gives a drag up. A click stays one.
 */
export function dragTime(crosshair: Crosshair, { at, width }: Place): Attachment<HTMLElement> {
  return (element) => {
    let start: { x: number; at: number; moves: boolean } | null = null;
    let dragged = false;

    function down(event: PointerEvent): void {
      dragged = false;
      const place = at(event.clientX);
      if (event.button !== 0 || crosshair.view === null || place === null) return;
      start = { x: event.clientX, at: place, moves: event.shiftKey };
    }
    function move(event: PointerEvent): void {
      if (start === null || crosshair.view === null) return;
      if (!dragged && Math.abs(event.clientX - start.x) < CLICK_PX) return;
      if (!dragged) element.setPointerCapture(event.pointerId);
      dragged = true;
      if (start.moves) {
        pan(crosshair.view, (start.x - event.clientX) / width());
        start.x = event.clientX;
      } else crosshair.band = { from: start.at, to: at(event.clientX) ?? start.at };
    }
    function up(): void {
      if (crosshair.band !== null) crosshair.view?.show(crosshair.band);
      giveUp();
    }
    function giveUp(): void {
      start = null;
      crosshair.band = null;
    }
    function key(event: KeyboardEvent): void {
      if (event.key === 'Escape' && crosshair.band !== null) giveUp();
    }
    /** The click that ends a drag is none. */
    function click(event: MouseEvent): void {
      if (dragged) event.stopImmediatePropagation();
      dragged = false;
    }
    function wheel(event: WheelEvent): void {
      const { view } = crosshair;
      if (view === null) return;
      const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      const place = at(event.clientX);
      if (event.ctrlKey && place !== null) zoom(view, Math.exp(-event.deltaY / WHEEL_ZOOM_PX), place);
      else if (view.range !== null && Math.abs(sideways) > (event.shiftKey ? 0 : Math.abs(event.deltaY)))
        pan(view, sideways / width());
      else return;
      event.preventDefault();
    }
    const all = (): void => crosshair.view?.show(null);

    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', giveUp);
    element.addEventListener('click', click, { capture: true });
    element.addEventListener('dblclick', all);
    element.addEventListener('wheel', wheel, { passive: false });
    window.addEventListener('keydown', key);
    return () => {
      giveUp();
      window.removeEventListener('keydown', key); // the others go with the element
    };
  };
}
