package render

import (
	"io"
	"strings"
)

// A mark is a control character that switches a style on within a text. Texts
// from the cluster hold no control characters.
type mark rune

const (
	bold   mark = 0x01
	red    mark = 0x02
	yellow mark = 0x03
	green  mark = 0x04
	cyan   mark = 0x05
	off    mark = 0x06
)

var ansi = map[mark]string{
	bold: "\x1b[1m", red: "\x1b[1;31m", yellow: "\x1b[1;33m", green: "\x1b[1;32m", cyan: "\x1b[36m", off: "\x1b[0m",
}

// of returns text in the style m.
func (m mark) of(text string) string { return string(m) + text + string(off) }

// A page is a text under construction, laid out to a width.
type page struct {
	Options
	b strings.Builder
	// gap says that the last line is blank, or that there is none yet.
	gap bool
}

func newPage(o Options) *page {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 40)
	return &page{Options: o, gap: true}
}

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, p.b.String())
	return err
}

// blank separates what follows from what came before, by one line at most.
func (p *page) blank() {
	if !p.gap {
		p.b.WriteByte('\n')
	}
	p.gap = true
}

// heading begins a section.
func (p *page) heading(text string) {
	p.blank()
	p.text(0, bold.of(text))
}

// text writes a paragraph, every line of it indented.
func (p *page) text(indent int, text string) { p.para(strings.Repeat(" ", indent), indent, text) }

// item writes a paragraph after a bullet, and indents the lines below it to
// where the text begins.
func (p *page) item(indent int, bullet, text string) {
	p.para(strings.Repeat(" ", indent)+bullet, indent+columnsOf(p.plain(bullet)), text)
}

// label writes a paragraph that begins with a label.
func (p *page) label(indent int, label, text string) {
	p.para(strings.Repeat(" ", indent), indent+2, label+": "+text)
}

// para writes a paragraph: lead before its first line, hang blanks before the rest.
func (p *page) para(lead string, hang int, text string) {
	lead = p.plain(lead)
	style := off
	for _, line := range wrap(p.plain(text), p.Width-max(hang, columnsOf(lead))) {
		line, style = p.paint(line, style)
		p.emit(lead + line)
		lead = strings.Repeat(" ", hang)
	}
}

// command writes a command that is to be copied, continued by backslashes where
// it is wider than the page.
func (p *page) command(indent int, command string) {
	for _, line := range continued(p.plain(command), p.Width-indent) {
		p.emit(strings.Repeat(" ", indent) + line)
	}
}

// verbatim writes a line that is to be copied, as it is.
func (p *page) verbatim(indent int, line string) {
	p.emit(strings.Repeat(" ", indent) + p.plain(line))
}

func (p *page) emit(line string) {
	p.b.WriteString(Inert(strings.TrimRight(strings.ReplaceAll(line, nbsp, " "), " ")))
	p.b.WriteByte('\n')
	p.gap = false
}

// paint replaces the marks in a line, which begins in style. It returns the
// style that the next line begins in.
func (p *page) paint(line string, style mark) (string, mark) {
	var b strings.Builder
	put := func(m mark) {
		if p.Colour {
			b.WriteString(ansi[m])
		}
	}
	if style != off {
		put(style)
	}
	for _, r := range line {
		if _, ok := ansi[mark(r)]; !ok {
			b.WriteRune(r)
			continue
		}
		style = mark(r)
		put(style)
	}
	if style != off {
		put(off)
	}
	return b.String(), style
}

var toASCII = strings.NewReplacer("–", "-", "—", "-", "…", "...", "→", "->", "✗", "x", "✓", "+", "•", "*", "“", `"`, "”", `"`, "‘", "'", "’", "'")

// plain is s in ASCII, if that is all that may be shown.
func (p *page) plain(s string) string {
	if !p.ASCII {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r > '~' && string(r) != nbsp {
			return '?'
		}
		return r
	}, toASCII.Replace(s))
}
