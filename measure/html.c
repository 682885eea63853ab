// SPDX-License-Identifier: Apache-2.0
#include <snp/html.h>

#include <stdbool.h>
#include <string.h>

#include <snp/cleanup.h>
#include <snp/hex.h>
#include <snp/xml_escape.h>

/* Colours have a contrast of at least 4.5 on their ground. In narrow windows a row of a table of facts becomes two
 * lines, and other tables scroll in a box of their own, never the page. */
static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--soft:#57606a;--line:#d5dae0;"
	"--card:#f4f6f8;--ok:#17703a;--no:#b3261e;--warn:#8a5300;--link:#0a58ca}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#101419;--fg:#e4e8ed;--soft:#9aa5b1;"
	"--line:#303a45;--card:#1a2027;--ok:#57c27d;--no:#ff8a80;--warn:#e5b567;--link:#8ab8ff}}\n"
	"*{box-sizing:border-box}\n"
	"html{-webkit-text-size-adjust:100%}\n"
	"body{margin:0;background:var(--bg);color:var(--fg);"
	"font:1rem/1.5 system-ui,\"Segoe UI\",Roboto,\"Liberation Sans\",sans-serif}\n"
	"main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}\n"
	"h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}\n"
	"h2{font-size:1.2rem;margin:2.5rem 0 .5rem;overflow-wrap:anywhere}\n"
	"h3{font-size:1rem;margin:1.5rem 0 .25rem;overflow-wrap:anywhere}\n"
	"p{margin:.5rem 0;overflow-wrap:anywhere}\n"
	"a{color:var(--link)}\n"
	".soft{color:var(--soft)}\n"
	".card{background:var(--card);border-left:.375rem solid var(--soft);border-radius:.25rem;"
	"padding:.75rem 1rem;margin:1rem 0}\n"
	".card p{margin:.25rem 0}\n"
	".card.ok{border-color:var(--ok)}\n"
	".card.no{border-color:var(--no)}\n"
	".card.warn{border-color:var(--warn)}\n"
	".word{font-size:1.25rem;font-weight:700}\n"
	".ok .word,td.ok{color:var(--ok)}\n"
	".no .word,td.no{color:var(--no)}\n"
	"code,pre{font:.85rem/1.5 ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace}\n"
	"code{overflow-wrap:anywhere}\n"
	"pre{background:var(--card);padding:.75rem 1rem;margin:.5rem 0;border-radius:.25rem;"
	"white-space:pre-wrap;overflow-wrap:anywhere}\n"
	".box{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%}\n"
	"th,td{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0;"
	"border-bottom:1px solid var(--line)}\n"
	"th{font-weight:600}\n"
	".facts th{width:15rem;color:var(--soft);font-weight:400}\n"
	".facts td,.checks td{overflow-wrap:anywhere}\n"
	".n{text-align:right;white-space:nowrap}\n"
	"ul{padding-left:1.25rem;margin:.5rem 0}\n"
	"li{overflow-wrap:anywhere}\n"
	"summary{cursor:pointer;padding:.3rem 0;overflow-wrap:anywhere}\n"
	"footer{margin-top:3rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}\n"
	"@media(max-width:40rem){h1{font-size:1.35rem}.facts th,.facts td,.facts tr{display:block;"
	"width:auto}.facts th{border:0;padding:.4rem 0 0}.facts td{padding:0 0 .4rem}"
	".checks tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}"
	".checks th,.checks td{display:block;border:0;padding:0}.checks thead{display:none}}\n"
	"@media print{:root{--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--card:#fff;--ok:#0b5c2b;"
	"--no:#9c1c15;--link:#000}body{font-size:10pt}main{max-width:none;padding:0}"
	".card{border:1px solid var(--line);border-left-width:.375rem}tr,.card{break-inside:avoid}"
	"h2,h3{break-after:avoid}details::details-content{content-visibility:visible;"
	"block-size:auto}}\n";

void html_begin(const char *title, FILE *out)
{
	fputs("<!DOCTYPE html>\n"
	      "<html lang=\"en\">\n"
	      "<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	      "'unsafe-inline'\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<title>",
	      out);
	html_text(title, out);
	fputs("</title>\n<style>\n", out);
	fputs(style, out);
	fputs("</style>\n</head>\n<body>\n<main>\n", out);
}

void html_end(const char *tool_version, FILE *out)
{
	fputs("<footer>\n<p>Made by snp-measure, version ", out);
	html_text(tool_version, out);
	fputs(". This page runs no script and loads nothing.</p>\n</footer>\n</main>\n</body>\n</html>\n",
	      out);
}

void html_text(const char *text, FILE *out)
{
	xml_escape(text, out);
}

void html_url(const char *url, FILE *out)
{
	static const char legal[] = /* RFC 3986 */
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%";
	const bool is_link = strncmp(url, "https:", 6) == 0 && url[strspn(url, legal)] == '\0';

	if (is_link) {
		fputs("<a rel=\"noreferrer\" href=\"", out);
		html_text(url, out);
		fputs("\">", out);
	}
	html_text(url, out);
	fputs(is_link ? "</a>" : "", out);
}

void html_hex(const uint8_t *bytes, size_t size, FILE *out)
{
	fputs("<code>", out);
	while (size > 0) {
		const size_t n = size < 32 ? size : 32;
		char text[2 * 32 + 1];

		hex_encode(bytes, n, text);
		fputs(text, out);
		bytes += n;
		size -= n;
	}
	fputs("</code>", out);
}

void html_heading(const char *text, FILE *out)
{
	fputs("<h2>", out);
	html_text(text, out);
	fputs("</h2>\n", out);
}

void html_facts_begin(FILE *out)
{
	fputs("<table class=\"facts\">\n", out);
}

void html_row_begin(const char *name, FILE *out)
{
	fputs("<tr><th scope=\"row\">", out);
	html_text(name, out);
	fputs("</th><td>", out);
}

void html_row_end(FILE *out)
{
	fputs("</td></tr>\n", out);
}

void html_row(const char *name, const char *value, FILE *out)
{
	html_row_begin(name, out);
	html_text(value, out);
	html_row_end(out);
}

void html_facts_end(FILE *out)
{
	fputs("</table>\n", out);
}
