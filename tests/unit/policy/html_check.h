/* Whether a text is the HTML that page_html writes: well formed, self-contained, navigable. */
#ifndef SLUIS_TEST_HTML_CHECK_H
#define SLUIS_TEST_HTML_CHECK_H

/* NULL where it is: every element closed in order, attributes quoted, text escaped, no control
 * character, one h1, headings that skip no level, each id once, each link to an id of the page, nothing
 * that runs or is fetched. Else what is wrong, until the next call. */
const char *html_wrong(const char *html);

#endif
