/**
 * The URL of a module that stands beside the caller, for `new Worker(url)`: a `.ts` file where Node runs the source, a
 * `.js` file where it runs the build. (TypeScript rewrites the extensions of imports, not those of worker URLs.)
 *
 * @param name path without extension, as in `./voice-activity.worker`
 * @param importMetaUrl the caller's `import.meta.url`
 */
export function siblingModule(name: string, importMetaUrl: string): URL {
  return new URL(name + (importMetaUrl.endsWith('.ts') ? '.ts' : '.js'), importMetaUrl);
}
