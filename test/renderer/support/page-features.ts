/** What a browser has and jsdom lacks: sizes of elements, modal dialogs, media queries. */

class SilentObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver ??= SilentObserver;
window.matchMedia ??= ((query: string) =>
  Object.assign(new EventTarget(), { matches: false, media: query, onchange: null })) as typeof window.matchMedia;

for (const [name, size] of [
  ['clientWidth', 800],
  ['clientHeight', 600],
] as const) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
}

HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  if (!this.open) return;
  this.open = false;
  this.dispatchEvent(new Event('close'));
};
