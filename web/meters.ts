const BAR_PX = 3;
const GAP_PX = 2;
const BAR_MS = 50;

/** A strip of the last moments' loudness; the newest at the right. Draws when a level comes, so it costs nothing at rest. */
export class LevelStrip {
  readonly #canvas: HTMLCanvasElement;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  #levels: number[] = [];
  #peak = 0;
  #drawnAt = 0;
  #drawing = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#request();
  }

  /** @param level 0 to 1 */
  push(level: number): void {
    this.#peak = Math.max(this.#peak, level);
    if (performance.now() - this.#drawnAt >= BAR_MS) this.#request();
  }

  clear(): void {
    this.#levels = [];
    this.#peak = 0;
    this.#request();
  }

  #request(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const context = this.#canvas.getContext('2d');
    if (context === null || width === 0) return;
    this.#drawnAt = performance.now();
    const scale = devicePixelRatio;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    context.scale(scale, scale);
    context.fillStyle = getComputedStyle(this.#canvas).color;

    const count = Math.floor((width + GAP_PX) / (BAR_PX + GAP_PX));
    this.#levels = [...this.#levels, this.#peak].slice(-count);
    const shown = this.#still ? new Array<number>(count).fill(this.#peak) : this.#levels;
    this.#peak = 0;
    for (let bar = 0; bar < count; bar += 1) {
      const level = shown[bar - (count - shown.length)] ?? 0;
      // Squared: speech moves in the upper half of the decibels, and would be a comb there.
      const barHeight = Math.max(2, level * level * height);
      context.globalAlpha = level > 0.02 ? 0.35 + 0.65 * level : 0.25;
      context.fillRect(bar * (BAR_PX + GAP_PX), (height - barHeight) / 2, BAR_PX, barHeight);
    }
  }
}
