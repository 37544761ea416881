// A reference picture beside the query, with the pairs of keypoints that agree drawn between them.
import { cornersOf, fit, PAINT } from '../drawing.js'

const MOST_LINES = 60
const GAP = 16
const HEIGHT = 340
const MARGIN = 0.15

/**
 * Draw pairs.
 * `pairs`: [x, y] in the reference and [x, y] in the query, as four numbers; `match` says where in
 * the query to look.
 */
export function drawPairs(canvas, reference, query, pairs, match) {
  const width = canvas.parentElement?.clientWidth || 720
  const part = around(match, query)
  const right = [part.right - part.left, part.bottom - part.top]
  const left = [reference.naturalWidth, reference.naturalHeight]
  const height = Math.min(HEIGHT, (width - GAP) / (left[0] / left[1] + right[0] / right[1]))
  const scales = [height / left[1], height / right[1]]
  const begins = left[0] * scales[0] + GAP
  const whole = begins + right[0] * scales[1]
  canvas.style.width = `${whole}px`
  canvas.style.height = `${height}px`
  const unit = fit(canvas, whole, height)
  const paper = canvas.getContext('2d')
  paper.scale(unit, unit)
  paper.imageSmoothingQuality = 'high'
  paper.drawImage(reference, 0, 0, left[0] * scales[0], height)
  paper.drawImage(query, part.left, part.top, right[0], right[1], begins, 0, right[0] * scales[1], height)
  const paint = PAINT[match.verdict] ?? PAINT.unknown
  const step = Math.max(1, pairs.length / MOST_LINES)
  for (let at = 0; at < pairs.length; at += step) {
    const [x1, y1, x2, y2] = pairs[Math.floor(at)]
    line(paper, [x1 * scales[0], y1 * scales[0]], [begins + (x2 - part.left) * scales[1], (y2 - part.top) * scales[1]], paint)
  }
}

function line(paper, from, to, paint) {
  paper.beginPath()
  paper.moveTo(...from)
  paper.lineTo(...to)
  paper.globalAlpha = 0.75
  paper.lineWidth = 2.4
  paper.strokeStyle = 'rgb(8 10 16 / 45%)'
  paper.stroke()
  paper.lineWidth = 1.1
  paper.strokeStyle = paint
  paper.stroke()
  paper.globalAlpha = 1
  for (const [x, y] of [from, to]) {
    paper.beginPath()
    paper.arc(x, y, 2.6, 0, 7)
    paper.fillStyle = paint
    paper.fill()
    paper.lineWidth = 1
    paper.strokeStyle = 'rgb(8 10 16 / 70%)'
    paper.stroke()
  }
}

/** The part of the query with what was found and a little around it. */
export function around(match, query) {
  const corners = [...cornersOf(match), [match.box[0], match.box[1]], [match.box[2], match.box[3]]]
  const xs = corners.map(corner => corner[0])
  const ys = corners.map(corner => corner[1])
  const side = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) * MARGIN
  const clamp = (value, most) => Math.min(Math.max(value, 0), most)
  return {
    left: clamp(Math.min(...xs) - side, query.width - 1), right: clamp(Math.max(...xs) + side, query.width),
    top: clamp(Math.min(...ys) - side, query.height - 1), bottom: clamp(Math.max(...ys) + side, query.height),
  }
}
