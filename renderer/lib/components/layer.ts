import { getContext, setContext } from 'svelte';

/** The dialog that a control lies in: what opens beside the control must lie in it, too, or it would be under the dialog. */

const LAYER = Symbol('layer');
type Layer = () => HTMLElement | undefined;

export function setLayer(layer: Layer): void {
  setContext(LAYER, layer);
}

/** @returns what gives that dialog, or the body of the page */
export function getLayer(): () => HTMLElement {
  const layer = getContext<Layer | undefined>(LAYER);
  return () => layer?.() ?? document.body;
}
