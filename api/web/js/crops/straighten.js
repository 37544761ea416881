// A painting seen from the side, made a rectangle again.
import { h } from '../dom.js'

/** What lies within four corners (clockwise from the top left, in pixels of the bitmap), on a canvas of its own. */
export function straightened(bitmap, corners) {
  const [width, height] = [[0, 1, 3, 2], [1, 2, 0, 3]].map(([a, b, c, d]) =>
    Math.max(1, Math.round((distance(corners[a], corners[b]) + distance(corners[c], corners[d])) / 2)))
  const source = h('canvas', { width: bitmap.width, height: bitmap.height }).getContext('2d', { willReadFrequently: true })
  source.drawImage(bitmap, 0, 0)
  const from = source.getImageData(0, 0, bitmap.width, bitmap.height)
  const canvas = h('canvas', { width, height })
  const paper = canvas.getContext('2d')
  const to = paper.createImageData(width, height)
  const place = placeIn(corners)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) sample(from, place((x + 0.5) / width, (y + 0.5) / height), to.data, at)
  }
  paper.putImageData(to, 0, 0)
  return canvas
}

const distance = ([x1, y1], [x2, y2]) => Math.hypot(x2 - x1, y2 - y1)

/** The perspective map from the unit square to four corners (Heckbert 1989, section 2.2.3). */
function placeIn([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]) {
  const [dx1, dx2, dx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3]
  const [dy1, dy2, dy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3]
  const area = dx1 * dy2 - dx2 * dy1 || 1
  const g = (dx * dy2 - dx2 * dy) / area
  const k = (dx1 * dy - dx * dy1) / area
  const [a, b] = [x1 - x0 + g * x1, x3 - x0 + k * x3]
  const [d, e] = [y1 - y0 + g * y1, y3 - y0 + k * y3]
  return (u, v) => {
    const depth = g * u + k * v + 1
    return [(a * u + b * v + x0) / depth, (d * u + e * v + y0) / depth]
  }
}

/** The colour at a place, between the four pixels whose middles surround it. */
function sample({ data, width, height }, [x, y], to, at) {
  const [px, py] = [within(x - 0.5, width), within(y - 0.5, height)]
  const [left, top] = [Math.floor(px), Math.floor(py)]
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)]
  const [wx, wy] = [px - left, py - top]
  for (let channel = 0; channel < 4; channel++) {
    const value = (column, row) => data[(row * width + column) * 4 + channel]
    const above = value(left, top) * (1 - wx) + value(right, top) * wx
    const below = value(left, bottom) * (1 - wx) + value(right, bottom) * wx
    to[at + channel] = above * (1 - wy) + below * wy
  }
}

const within = (value, side) => Math.min(Math.max(value, 0), side - 1)
