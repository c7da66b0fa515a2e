// The CT of one femur behind the three planes of the report, drawn by niivue on one canvas.
// viewer.js keeps the state, the gestures and the outlines; here is only what is beneath them.
import { Niivue, NVImage, SLICE_TYPE } from "@niivue/niivue";

const SLICES = { axial: SLICE_TYPE.AXIAL, coronal: SLICE_TYPE.CORONAL, sagittal: SLICE_TYPE.SAGITTAL };
const INT16 = 4;

export class Volume {
  // data: size (x, y, z), corner_mm (LPS), step_mm, hu (byte per voxel), hu_of_byte. Throws where
  // there is no WebGL2.
  static async on(canvas, data) {
    const niivue = new Niivue({
      isResizeCanvas: false,
      interactive: false,
      dragAndDropEnabled: false,
      isRadiologicalConvention: true,
      sagittalNoseLeft: true,
      isOrientationTextVisible: false,
      crosshairWidth: 0,
      tileMargin: 0,
      logLevel: "error",
    });
    await niivue.attachToCanvas(canvas);
    niivue.addVolume(await image(data));
    return new Volume(niivue, canvas, data);
  }

  constructor(niivue, canvas, data) {
    Object.assign(this, { niivue, canvas, data });
  }

  // page: colour around the tiles, 0..1; tiles: name of the plane to its [left, top, width, height],
  // shares of the canvas.
  place(page, tiles) {
    this.niivue.opts.backColor = [...page, 1];
    this.niivue.setCustomLayout(
      Object.entries(tiles).map(([name, position]) => ({ sliceType: SLICES[name], position })));
  }

  window(level, width) {
    const [volume] = this.niivue.volumes;
    [volume.cal_min, volume.cal_max] = [level - width / 2, level + width / 2];
    this.niivue.updateGLVolume();
  }

  // at: voxel (x, y, z); corner: first voxel shown along each axis, as a fraction; both from the
  // stack's corner along LPS.
  show(at, corner, zoom) {
    const { size, corner_mm, step_mm } = this.data;
    const edge = (axis, voxel) => corner_mm[axis] + (voxel - 0.5) * step_mm;
    // niivue shows (mm - pan) / zoom of what it would show unzoomed, along RAS
    const pan = [0, 1, 2].map((axis) => axis < 2
      ? -edge(axis, size[axis]) + zoom * edge(axis, corner[axis] + size[axis] / zoom)
      : edge(axis, 0) - zoom * edge(axis, corner[axis]));
    const { scene } = this.niivue;
    scene.pan2Dxyzmm = [...pan, zoom];
    scene.crosshairPos = at.map((voxel, axis) =>
      axis < 2 ? 1 - (voxel + 0.5) / size[axis] : (voxel + 0.5) / size[axis]);
    this.niivue.drawScene();
  }
}

function image({ size, corner_mm: [x, y, z], step_mm: s, hu, hu_of_byte }) {
  const affine = [-s, 0, 0, -x, 0, -s, 0, -y, 0, 0, s, z, 0, 0, 0, 1];
  const values = Int16Array.from(hu, (byte) => hu_of_byte[byte]);
  const nifti = NVImage.createNiftiArray(size, [s, s, s], affine, INT16, values);
  return NVImage.loadFromUrl({ url: nifti.buffer, name: "ct.nii", colormap: "gray" });
}
