/**
 * Makes the page's Open Graph addresses absolute, as crawlers require. Without `SITE_URL` the page
 * may be on any host and path, so they stay relative.
 */
import type { Plugin } from 'vite';

/** `site`: address of the page's directory, such as `https://example.org/atlas/`. */
export function withSite(html: string, site: string): string {
  const base = new URL(site.endsWith('/') ? site : `${site}/`);
  return html
    .replace(
      /(<meta property="og:image" content=")([^"]+)/,
      (_, tag: string, path: string) => `${tag}${new URL(path, base).href}`,
    )
    .replace('</head>', `<meta property="og:url" content="${base.href}" />\n  </head>`);
}

export const site = (address: string | undefined): Plugin => ({
  name: 'site',
  transformIndexHtml: (html) => (address ? withSite(html, address) : html),
});
