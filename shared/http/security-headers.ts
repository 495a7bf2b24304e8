/** What every answer of both halves carries. Documents have a policy of their own: {@link contentSecurityPolicy}. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  // An answer of the API is no document: opened as one it may load nothing, and be framed by nobody.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  // Browsers heed it over https alone.
  'strict-transport-security': 'max-age=31536000',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'microphone=(self), camera=(), geolocation=(), payment=(), usb=()',
};

/**
 * The policy of a document of ours: what is of this origin, and nothing else.
 * @param also sources beside that, by directive
 */
export function contentSecurityPolicy(also: { readonly connect?: string; readonly style?: string } = {}): string {
  const { connect, style } = also;
  return [
    "default-src 'self'",
    // 'self' covers the sockets of this origin (https://www.w3.org/TR/CSP3/#match-url-to-source-expression).
    `connect-src 'self'${connect === undefined ? '' : ` ${connect}`}`,
    `style-src 'self'${style === undefined ? '' : ` ${style}`}`,
    "img-src 'self' data:",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}
