/** What a browser has and jsdom lacks: sizes of elements, modal dialogs, media queries. */

const nothing = (): void => undefined;

class SilentObserver {
  observe = nothing;
  unobserve = nothing;
  disconnect = nothing;
}

const define = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { configurable: true, writable: true, value });
};

define(globalThis, 'ResizeObserver', SilentObserver);
define(window, 'matchMedia', (media: string) => Object.assign(new EventTarget(), { matches: false, media }));

define(Element.prototype, 'scrollIntoView', nothing);

for (const [name, size] of [
  ['clientWidth', 800],
  ['clientHeight', 600],
] as const) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
}

define(HTMLDialogElement.prototype, 'showModal', function (this: HTMLDialogElement) {
  this.open = true;
});
define(HTMLDialogElement.prototype, 'close', function (this: HTMLDialogElement) {
  if (!this.open) return;
  this.open = false;
  this.dispatchEvent(new Event('close'));
});
