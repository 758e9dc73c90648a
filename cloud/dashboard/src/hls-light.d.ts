// hls.js without what we do not use (subtitles, other audio tracks, DRM); the package types only its full build.
declare module "hls.js/light" {
  export { default } from "hls.js";
  export * from "hls.js";
}
