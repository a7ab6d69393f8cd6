package render

import (
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

const columnGap = 2

// columns writes rows below a header, as kubectl does: no lines, columns two
// spaces apart. Columns too wide for the page together are wrapped, the widest
// first. An empty header is left out.
func (p *page) columns(indent int, header []string, rows [][]string) error {
	widths := p.fit(p.Width-indent, append([][]string{header}, rows...))
	cells := func(row []string) []string {
		out := make([]string, len(row))
		for i, s := range row {
			out[i] = strings.Join(wrap(p.plain(s), widths[i]), "\n")
		}
		return out
	}
	var b strings.Builder
	t := tablewriter.NewTable(&b, tablewriter.WithRenderer(borderless()), tablewriter.WithConfig(cellConfig()), tablewriter.WithTrimSpace(tw.Off))
	if slices.ContainsFunc(header, func(s string) bool { return s != "" }) {
		t.Header(cells(header))
	}
	for _, row := range rows {
		if err := t.Append(cells(row)); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		p.emit(strings.Repeat(" ", indent) + strings.TrimRight(line, " \n"))
	}
	return nil
}

// fit returns the width of each column: that of its widest cell, or less where
// the page is too narrow for all.
func (p *page) fit(width int, rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	sum := columnGap * (len(widths) - 1)
	for i := range widths {
		for _, row := range rows {
			widths[i] = max(widths[i], columnsOf(p.plain(row[i])))
		}
		sum += widths[i]
	}
	for ; sum > width && slices.Max(widths) > 1; sum-- {
		widths[slices.Index(widths, slices.Max(widths))]--
	}
	return widths
}

func borderless() tw.Renderer {
	return renderer.NewBlueprint(tw.Rendition{
		Borders:  tw.BorderNone,
		Symbols:  tw.NewSymbols(tw.StyleNone),
		Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone},
	})
}

func cellConfig() tablewriter.Config {
	cell := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: strings.Repeat(" ", columnGap), Overwrite: true}},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
	}
	return tablewriter.Config{Header: cell, Row: cell}
}
