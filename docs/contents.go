package docs

import (
	"regexp"
	"strings"
)

// longPage is from how many words on a page has a list of its sections.
const longPage = 1500

var (
	section  = regexp.MustCompile(`(?m)^## (.+)$`)
	contents = regexp.MustCompile(`(?m)^On this page: (?:.+\n)+\n`)
	inAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// WithContents is the page with a list of its sections below its title where it is
// long, and as it is where it is not. A list that it has already is written anew.
func WithContents(page string) string {
	page = contents.ReplaceAllString(page, "")
	title, rest, ok := strings.Cut(page, "\n\n")
	if !ok || len(strings.Fields(page)) <= longPage {
		return page
	}
	var links []string
	for _, m := range section.FindAllStringSubmatch(rest, -1) {
		links = append(links, "["+m[1]+"](#"+anchor(m[1])+")")
	}
	if links == nil {
		return page
	}
	return title + "\n\nOn this page: " + strings.Join(links, ",\n") + ".\n\n" + rest
}

// anchor is that of a heading as GitHub makes it: lower case, hyphens for blanks, and
// nothing else that is no letter or digit.
func anchor(heading string) string {
	return strings.ReplaceAll(inAnchor.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}
