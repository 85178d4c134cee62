import type { PageApi } from '../../main/preload.ts';

declare global {
  interface Window {
    api: PageApi;
  }
}
