/** Where labels go: the first free side of a mark, or nowhere when the map is full there. */

export class Labels {
  /** @param {{width: number, height: number}} size nothing is written across its edge */
  constructor({ width, height }) {
    this.size = [width, height];
    this.taken = [];
  }

  /** A mark that no label may cover. */
  block(x, y, radius) {
    this.taken.push([x - radius, y - radius, x + radius, y + radius]);
  }

  /**
   * @returns {{x: number, y: number, anchor: string} | null} the baseline's start
   */
  place(x, y, radius, width, size) {
    const gap = radius + size * 0.25;
    const sides = [
      [x + gap, y, "start"],
      [x - gap, y, "end"],
      [x, y + gap + size * 0.5, "middle"],
      [x, y - gap - size * 0.5, "middle"],
    ];
    for (const [lx, ly, anchor] of sides) {
      const left = anchor === "start" ? lx : anchor === "end" ? lx - width : lx - width / 2;
      const box = [left, ly - size * 0.55, left + width, ly + size * 0.55];
      if (this.free(box)) {
        this.taken.push(box);
        return { x: lx, y: ly + size * 0.36, anchor };
      }
    }
    return null;
  }

  free(box) {
    if (box[0] < 0 || box[1] < 0 || box[2] > this.size[0] || box[3] > this.size[1]) return false;
    return !this.taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1]);
  }
}

/** Width of a text in pixels: a Chinese character is one em, the rest about half. */
export function textWidth(text, size) {
  let ems = 0;
  for (const letter of text) ems += letter.codePointAt(0) > 0x2e7f ? 1 : 0.56;
  return ems * size;
}
