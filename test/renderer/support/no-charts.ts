import { vi } from 'vitest';

/**
 * A Chart.js that draws nothing: jsdom has no canvas. What the charts are given is tested through their tables and
 * words. Import it before anything of the renderer.
 */
vi.mock('chart.js', () => {
  class Chart {
    static register(): void {
      return undefined;
    }
    options = {};
    data = { datasets: [] };
    scales = {};
    update(): void {
      return undefined;
    }
    draw(): void {
      return undefined;
    }
    destroy(): void {
      return undefined;
    }
  }
  return { Chart, Filler: 1, LineController: 1, LineElement: 1, PointElement: 1, LinearScale: 1, LogarithmicScale: 1 };
});

HTMLCanvasElement.prototype.getContext = () => null;
