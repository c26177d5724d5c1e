// Lesson 07's field to draw in: the better network, as it was trained (07-cnn.network.js), run in the page. `forward` computes what PyTorch
// does, layer by layer; `asDigit` makes of a drawing what handwriting.as_digit makes of it. tests/test_web.py compares both.
"use strict";
{
  const numbers = tensor => {
    const bytes = Uint8Array.from(atob(tensor.data), letter => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  };

  // Each takes and returns {data, shape: [channels, height, width]}; a flat one has the shape [n, 1, 1].
  const kinds = {
    Conv2d({data, shape: [inputs, h, w]}, {weight}, [W, b]) {
      const [outputs, , k] = weight.shape, [rows, columns] = [h - k + 1, w - k + 1], out = new Float32Array(outputs * rows * columns);
      for (let o = 0, at = 0; o < outputs; o++) for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++, at++) {
        let sum = b[o];
        for (let c = 0, j = o * inputs * k * k; c < inputs; c++) for (let dy = 0; dy < k; dy++)
          for (let dx = 0, i = (c * h + y + dy) * w + x; dx < k; dx++) sum += W[j++] * data[i++];
        out[at] = sum;
      }
      return {data: out, shape: [outputs, rows, columns]};
    },
    MaxPool2d({data, shape: [channels, h, w]}) {
      const [rows, columns] = [h >> 1, w >> 1], out = new Float32Array(channels * rows * columns);
      for (let c = 0, at = 0; c < channels; c++) for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) {
        const i = (c * h + 2 * y) * w + 2 * x;
        out[at++] = Math.max(data[i], data[i + 1], data[i + w], data[i + w + 1]);
      }
      return {data: out, shape: [channels, rows, columns]};
    },
    BatchNorm2d({data, shape}, {eps}, [W, b, mean, variance]) {
      const size = shape[1] * shape[2];
      return {data: data.map((value, i) => { const c = Math.floor(i / size); return (value - mean[c]) / Math.sqrt(variance[c] + eps) * W[c] + b[c]; }), shape};
    },
    ReLU: ({data, shape}) => ({data: data.map(value => Math.max(value, 0)), shape}),
    Flatten: ({data}) => ({data, shape: [data.length, 1, 1]}),
    Linear({data}, {weight: {shape: [n, d]}}, [W, b]) {
      return {data: Float32Array.from({length: n}, (_, k) => data.reduce((sum, value, i) => sum + value * W[k * d + i], b[k])), shape: [n, 1, 1]};
    },
  };

  // The ten probabilities of a digit: 784 numbers, ink 1 on ground 0.
  course.forward = ({layers}, digit) => {
    let x = {data: Float32Array.from(digit, ink => (ink - 0.1307) / 0.3081), shape: [1, 28, 28]};
    for (const layer of layers) {
      layer.numbers ??= ["weight", "bias", "running_mean", "running_var"].filter(name => layer[name]).map(name => numbers(layer[name]));
      x = kinds[layer.kind](x, layer, layer.numbers);
    }
    const top = Math.max(...x.data), powers = [...x.data].map(o => Math.exp(o - top)), total = powers.reduce((a, b) => a + b);
    return powers.map(power => power / total);
  };

  const even = x => Math.round(x) - x === 0.5 && Math.round(x) % 2 ? Math.round(x) - 1 : Math.round(x);  // as Python rounds

  // Of each of `size` new points: [first old point, weights], a triangle as wide as the step between new ones.
  const triangles = (length, size) => Array.from({length: size}, (_, i) => {
    const step = length / size, wide = Math.max(step, 1), centre = step * (i + 0.5);
    const first = Math.max(Math.trunc(centre - wide + 0.5), 0), last = Math.min(Math.trunc(centre + wide + 0.5), length);
    const weights = Array.from({length: last - first}, (_, j) => Math.max(1 - Math.abs((first + j - centre + 0.5) / wide), 0));
    const total = weights.reduce((a, b) => a + b);
    return [first, weights.map(weight => weight / total)];
  });

  // 784 numbers: ink (0 to 1, `side` by `side`) in a box of 20 by 20, its centre of mass in the middle of 28 by 28.
  course.asDigit = (ink, side) => {
    const digit = new Float32Array(784), used = [[side, -1], [side, -1]];
    ink.forEach((value, i) => [Math.floor(i / side), i % side].forEach((at, axis) => {
      if (value > 0.1) used[axis] = [Math.min(used[axis][0], at), Math.max(used[axis][1], at)];
    }));
    if (used[0][1] < 0) return digit;
    const lengths = used.map(([low, high]) => high - low + 1), scale = 20 / Math.max(...lengths);
    const [rows, columns] = lengths.map(length => Math.max(1, even(length * scale)));
    const [down, across] = [triangles(lengths[0], rows), triangles(lengths[1], columns)];
    const small = down.map(([top, heights]) => across.map(([left, widths]) => Math.min(1, heights.reduce((sum, height, y) => sum + height
      * widths.reduce((part, width, x) => part + width * ink[(used[0][0] + top + y) * side + used[1][0] + left + x], 0), 0))));
    let [mass, y, x] = [0, 0, 0];
    small.forEach((row, i) => row.forEach((value, j) => { mass += value; y += value * (i + 0.5); x += value * (j + 0.5); }));
    const [top, left] = [[y, rows], [x, columns]].map(([moment, size]) => Math.min(Math.max(even(14 - moment / mass), 0), 28 - size));
    small.forEach((row, i) => row.forEach((value, j) => { digit[(top + i) * 28 + left + j] = value; }));
    return digit;
  };

  for (const block of document.querySelectorAll(".explore.digit")) {
    const [field, seen] = block.querySelectorAll("canvas"), pen = field.getContext("2d", {willReadFrequently: true});
    const small = seen.getContext("2d"), side = field.width, [text, bars] = [block.querySelector("pre"), block.querySelector(".bars")];
    const mark = block.querySelector(".pen");
    let last = null, finger = null, key = {x: side / 2, y: side / 2, down: false}, asked = false;

    const answer = async () => {
      const pixels = pen.getImageData(0, 0, side, side).data, digit = course.asDigit(Float32Array.from({length: side * side}, (_, i) => pixels[4 * i] / 255), side);
      const grey = small.createImageData(28, 28);
      digit.forEach((value, i) => grey.data.set([255 - 255 * value, 255 - 255 * value, 255 - 255 * value, 255], 4 * i));
      small.putImageData(grey, 0, 0);
      try {
        const p = course.forward(await course.pack(block.dataset.block), digit), best = p.indexOf(Math.max(...p));
        const drawn = digit.some(value => value > 0), shown = drawn ? p : p.map(() => 0);
        [bars.innerHTML, bars.ariaLabel] = [course.bars(shown), `Ten probabilities: ${shown.map((value, k) => `${k}: ${value.toFixed(2)}`).join(", ")}`];
        text.textContent = drawn ? `most likely a ${best}, probability ${p[best].toFixed(2)}` : "Draw a digit in the black field.";
      } catch (error) {
        text.textContent = `The network could not be loaded (${error.message}). Load the page again.`;
      }
    };
    const stroke = (from, to) => {
      [pen.strokeStyle, pen.lineWidth, pen.lineCap] = ["white", 22, "round"];
      pen.beginPath(); pen.moveTo(from.x, from.y); pen.lineTo(to.x + 0.01, to.y); pen.stroke();  // a dot, where the pen has not moved
      if (!asked) requestAnimationFrame(() => { asked = false; answer(); });  // once a frame, however fast the pen moves
      asked = true;
    };
    const wipe = () => { pen.fillRect(0, 0, side, side); answer(); };
    const at = event => { const box = field.getBoundingClientRect(); return {x: (event.clientX - box.left) * side / box.width, y: (event.clientY - box.top) * side / box.height}; };

    field.addEventListener("pointerdown", event => {
      if (last || event.button) return;  // the first finger draws, and the main button
      field.setPointerCapture(finger = event.pointerId);
      stroke(last = at(event), last);
    });
    field.addEventListener("pointermove", event => { if (last && event.pointerId === finger) { stroke(last, at(event)); last = at(event); } });
    for (const name of ["pointerup", "pointercancel"]) field.addEventListener(name, event => { if (event.pointerId === finger) last = null; });
    field.addEventListener("keydown", event => {
      const step = {ArrowLeft: [-14, 0], ArrowRight: [14, 0], ArrowUp: [0, -14], ArrowDown: [0, 14]}[event.key];
      if (step) {
        const to = {x: Math.min(Math.max(key.x + step[0], 0), side), y: Math.min(Math.max(key.y + step[1], 0), side)};
        if (key.down) stroke(key, to);
        key = {...to, down: key.down};
      } else if (event.key === " ") { key.down = !key.down; if (key.down) stroke(key, key); } else return;
      event.preventDefault();
      [mark.style.left, mark.style.top] = [`${key.x / side * 100}%`, `${key.y / side * 100}%`];
      if (step && !key.down) text.textContent = `pen up, ${Math.round(key.x / side * 100)}% from the left, ${Math.round(key.y / side * 100)}% from the top`;
    });
    block.querySelector("button").addEventListener("click", wipe);
    pen.fillRect(0, 0, side, side);
    bars.innerHTML = course.bars(Array(10).fill(0));
  }
}
