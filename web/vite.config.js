// One classic script, so that it works inside a page opened from disk, and the licences of what is
// in it.
export default {
  build: {
    outDir: "../src/femurkit/report/web",
    emptyOutDir: true,
    target: "es2022",
    license: { fileName: "licences.md" },
    lib: { entry: "src/volume.js", formats: ["iife"], name: "femurkitWeb", fileName: () => "volume.js" },
  },
};
