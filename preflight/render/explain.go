package render

import (
	"io"
	"regexp"
	"strings"
)

// Explain writes a page of the manual for the terminal: headings, paragraphs,
// lists, tables and code blocks of Markdown, with links as text. It knows what
// the manual uses and no more. The error is w's.
func Explain(w io.Writer, markdown string, o Options) error {
	p := newPage(o)
	lines := strings.Split(strings.TrimRight(markdown, "\n"), "\n")
	for len(lines) > 0 {
		n, err := p.block(lines)
		if err != nil {
			return err
		}
		lines = lines[n:]
	}
	return p.writeTo(w)
}

const bodyIndent = 2

var (
	listItem = regexp.MustCompile(`^( *)([-*]|\d+\.) +`)
	tableBar = regexp.MustCompile(`^\|[-:| ]+\|$`)
)

// block writes the block that lines begin with and returns how many lines it has.
func (p *page) block(lines []string) (int, error) {
	first := lines[0]
	switch {
	case strings.TrimSpace(first) == "":
		p.blank()
		return 1, nil
	case strings.HasPrefix(first, "```"):
		return p.code(lines), nil
	case strings.HasPrefix(first, "#"):
		p.heading(unstyled(p.inline(strings.TrimLeft(first, "# "))))
		p.blank()
		return 1, nil
	case strings.HasPrefix(first, "|"):
		return p.grid(lines)
	}
	n := 1
	for n < len(lines) && !begins(lines[n]) {
		n++
	}
	text := p.inline(strings.Join(lines[:n], " "))
	if m := listItem.FindStringSubmatch(first); m != nil {
		p.item(bodyIndent+len(m[1]), m[2]+" ", strings.TrimSpace(text)[len(m[2]):])
	} else {
		p.text(bodyIndent, text)
	}
	return n, nil
}

// begins reports whether a line ends the paragraph before it.
func begins(line string) bool {
	return strings.TrimSpace(line) == "" || strings.HasPrefix(line, "```") || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "|") || listItem.MatchString(line)
}

func (p *page) code(lines []string) int {
	for n, line := range lines[1:] {
		if strings.HasPrefix(line, "```") {
			return n + 2
		}
		p.verbatim(bodyIndent+2, line)
	}
	return len(lines)
}

func (p *page) grid(lines []string) (int, error) {
	var rows [][]string
	n := 0
	for ; n < len(lines) && strings.HasPrefix(lines[n], "|"); n++ {
		if tableBar.MatchString(lines[n]) {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(lines[n], "|"), "|") {
			cells = append(cells, unstyled(p.inline(strings.TrimSpace(cell))))
		}
		rows = append(rows, cells)
	}
	for i, cells := range rows {
		rows[i] = append(cells, make([]string, max(0, len(rows[0])-len(cells)))...)[:len(rows[0])]
	}
	for i, title := range rows[0] {
		rows[0][i] = strings.ToUpper(title)
	}
	return n, p.columns(bodyIndent, rows[0], rows[1:])
}

var (
	link     = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
	codeSpan = regexp.MustCompile("`([^`]+)`")
	boldSpan = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// inline turns links into text, and code and bold into styles where there is
// colour. Without, code keeps its backquotes.
func (p *page) inline(s string) string {
	s = link.ReplaceAllStringFunc(s, func(l string) string {
		m := link.FindStringSubmatch(l)
		if strings.Contains(m[2], "://") && m[1] != m[2] {
			return m[1] + " (" + m[2] + ")"
		}
		return m[1]
	})
	s = boldSpan.ReplaceAllString(s, bold.of("$1"))
	if p.Colour {
		s = codeSpan.ReplaceAllString(s, cyan.of("$1"))
	}
	return s
}

// unstyled is s without marks.
func unstyled(s string) string {
	return strings.Map(func(r rune) rune {
		if _, ok := ansi[mark(r)]; ok {
			return -1
		}
		return r
	}, s)
}
