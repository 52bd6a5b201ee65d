"""How much of what was done to an image is a turn, a zoom or a move: the evidence that something bends, and
that each image is bent by amounts of its own.

Noise, another brightness or a blot make an image a different one too, and take no geometry.
"""

import numpy as np

# Nearest of these first: turns, zooms and moves that do not take a digit out of its frame.
_TURNS = np.radians(np.arange(-40, 41, 5))
_ZOOMS = (0.8, 0.9, 1.0, 1.1, 1.2)
_MOVES = range(-4, 5, 2)


def moved_share(image, changed):
    """The share of the squared difference between an image and changed copies that bending explains.

    Of each copy a multiple of the image, and a constant, are left out before, so that contrast and brightness
    are no difference. What bends by up to 40 degrees gives 0.3 to 1.0, with noise as large as the digit 0.1;
    smooth random deformations 0.08; noise, blots and blanks, which do not bend, 0.03 at most.

    :param image: (H, W), H = W.
    :param changed: (N, H, W), in the image's scale.
    :return: of all copies together; 0.0 if they do not differ.
    """
    bent = [_roll(_turned(image, turn, zoom)) for turn in _TURNS for zoom in _ZOOMS]
    candidates = np.concatenate(bent)
    flat = _unit(candidates.reshape(len(candidates), -1))
    copies = changed.reshape(len(changed), -1).astype(np.float64)
    nearest = (_unit(copies) @ flat.T).argmax(axis=1)
    rows, columns = (axis.ravel() for axis in _places(len(image)))
    one = np.ones(image.size)
    before = after = 0.0
    for copy, at in zip(copies, nearest, strict=True):
        before += _unexplained(copy, [one, image.ravel()])
        # A small bend more: the derivatives of the candidate by its place, each as a linear map of places.
        slopes = [slope.ravel() for slope in np.gradient(candidates[at])]
        bends = [slope * weight for slope in slopes for weight in (one, rows, columns)]
        after += _unexplained(copy, [one, candidates[at].ravel(), *bends])
    return 1.0 - after / before if before > 1e-6 * float((copies**2).sum()) else 0.0


def own_shares(batches):
    """How much of the spread of turn, size and place lies within the batches, and not between them.

    1 on average where every image draws its own amounts, 0 where those of a batch share one. An amount that
    hardly varies at all (turns by 2 degrees, sizes by 2 %, places by 0.3 pixels) counts as 1.

    :param batches: (B, N, H, W), each batch made of N copies of one long figure, brighter than its ground.
    :return: by amount.
    """
    amounts = _amounts(batches.reshape(-1, *batches.shape[2:])).reshape(*batches.shape[:2], 4)
    # Of a bar that is as good as its mirror image a turn is known up to half a turn: around the mean axis.
    axes = np.exp(2j * amounts[..., 0])
    amounts[..., 0] = np.angle(axes / axes.mean()) / 2
    within, all_of_them = amounts.var(axis=1, ddof=1).mean(axis=0), amounts.var(axis=(0, 1), ddof=1)
    least = np.array([np.radians(2.0), 0.02, 0.3, 0.3]) ** 2
    shares = np.where(all_of_them > least, within / np.maximum(all_of_them, least), 1.0)
    return dict(zip(("turn", "size", "row", "column"), shares.tolist(), strict=True))


def _amounts(images):
    """Turn of the long axis, logarithm of the size, row and column of the figure in each image: (N, 4)."""
    ground = np.median(images, axis=(1, 2), keepdims=True)
    ink = np.maximum(images.astype(np.float64) - ground, 0)
    ink = np.maximum(ink / np.maximum(ink.max(axis=(1, 2), keepdims=True), 1e-9) - 0.3, 0)
    ink /= np.maximum(ink.sum(axis=(1, 2), keepdims=True), 1e-9)
    rows, columns = np.indices(images.shape[1:])
    row, column = (ink * rows).sum(axis=(1, 2)), (ink * columns).sum(axis=(1, 2))
    down, right = rows - row[:, None, None], columns - column[:, None, None]
    tall, wide, skew = ((ink * each).sum(axis=(1, 2)) for each in (down**2, right**2, down * right))
    turn = np.arctan2(2 * skew, tall - wide) / 2
    return np.stack([turn, np.log(np.maximum(tall + wide, 1e-9)) / 2, row, column], axis=1)


def _places(size):
    """Row and column of each pixel from the centre, as shares of the side: two arrays (size, size)."""
    at = (np.arange(size) - (size - 1) / 2) / size
    return np.meshgrid(at, at, indexing="ij")


def _turned(image, turn, zoom):
    """The image turned about its centre and zoomed, bilinear, its border going on outside."""
    size = len(image)
    rows, columns = _places(size)
    cos, sin = np.cos(turn) / zoom, np.sin(turn) / zoom
    from_row, from_column = (
        np.clip(place * size + (size - 1) / 2, 0, size - 1.001)
        for place in (cos * rows + sin * columns, cos * columns - sin * rows)
    )
    top, left = from_row.astype(int), from_column.astype(int)
    down, right = from_row - top, from_column - left
    upper = (1 - right) * image[top, left] + right * image[top, left + 1]
    lower = (1 - right) * image[top + 1, left] + right * image[top + 1, left + 1]
    return (1 - down) * upper + down * lower


def _roll(image):
    """The image moved by whole pixels in both directions: (25, H, W)."""
    return np.stack([np.roll(image, (down, right), (0, 1)) for down in _MOVES for right in _MOVES])


def _unit(rows):
    """Rows of mean 0 and length 1; a constant row stays 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)


def _unexplained(target, parts):
    """The squared rest of a least-squares fit of ``target`` by ``parts``."""
    basis, _ = np.linalg.qr(np.stack(parts, axis=1))
    return float(((target - basis @ (basis.T @ target)) ** 2).sum())
