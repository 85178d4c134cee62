const KEY = 'chart-taste';

/** The longest smoothing, as a share of the history. */
const LONGEST = 0.15;

/** How the user likes curves drawn: the same on every page, remembered in this browser. */
class ChartTaste {
  /** 0: none, 1: the longest. */
  smoothing = $state(0.35);
  logX = $state(false);
  logY = $state(false);

  constructor() {
    const text = localStorage.getItem(KEY);
    const [smoothing, logX, logY] = (text ?? '').split(' ');
    const amount = Number(smoothing);
    if (text && amount >= 0 && amount <= 1) this.smoothing = amount;
    this.logX = logX === 'true';
    this.logY = logY === 'true';
    $effect.root(() => {
      $effect(() => {
        localStorage.setItem(KEY, `${this.smoothing} ${this.logX} ${this.logY}`);
      });
    });
  }

  /**
   * Length of the smoothing in units of x. It grows with the square of the slider, so that its lower half is fine.
   *
   * @param range of x that the chart shows
   */
  lengthFor(range: number): number {
    return this.smoothing ** 2 * LONGEST * range;
  }
}

export const chartTaste = new ChartTaste();
