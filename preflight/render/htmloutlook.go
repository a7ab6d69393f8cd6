package render

import (
	"fmt"
	"strings"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// htmlOutlook is what would become of the new replica, in words, as bars over time, and
// as a map of who does what to which writes.
func (d document) htmlOutlook() g.Node {
	cp := d.r.Forecast.ControlPlane
	hooks, blind := troubled(cp)
	section := g.Group{
		html.ID(string(outlook)), html.H2(g.Text(outlookHeading(d.r))), paragraph(d.foretell(cp)),
		folding(foldAfter(accusations(cp, hooks, true), 3), func(all []string) g.Node {
			return lines(all, func(blame string) g.Node { return paragraph(blame) })
		}),
		lines(cp.Notes, func(note string) g.Node { return paragraph("Note: " + note + ".") }),
	}
	if blind > 0 {
		section = append(section, paragraph(words.Count(blind, "hook")+" can't be judged for what could not be read."))
	}
	return g.Group{html.Section(section), d.htmlTimeline(), d.htmlMap()}
}

// htmlLifelines is what the cluster would lose beside its control plane's start.
func (d document) htmlLifelines() g.Node {
	rows, kept := d.lifelineRows()
	if len(rows) == 0 {
		return nil
	}
	section := g.Group{html.H2(g.Text("What the cluster lives by")), roleTable(html.Class("lines"), []string{"outcome", "line", "culprit"},
		lines(rows, func(r lostRow) g.Node {
			return tableRow(cells(r.outcome, strings.Join(r.lines, ", ")), tableCell(culpritsCell(foldAfter(r.culprits, maxShown))))
		}))}
	if kept > 0 {
		section = append(section, paragraph(are(kept, "other line")+" kept.", small()))
	}
	return html.Section(section)
}

func culpritsCell(f fold[string]) g.Node {
	if len(f.Shown) == 0 {
		return g.Text("-")
	}
	return folding(f, func(all []string) g.Node { return g.Text(strings.Join(all, ", ")) })
}

// roleTable is one that a phone shows without its grid, which takes the roles from it; they
// are given back.
func roleTable(class g.Node, header []string, rows g.Node) g.Node {
	return html.Table(class, html.Role("table"),
		html.THead(html.Role("rowgroup"), tableRow(g.Map(header, func(text string) g.Node {
			return html.Th(html.Role("columnheader"), html.Scope("col"), g.Text(text))
		}))),
		html.TBody(html.Role("rowgroup"), rows))
}

func tableRow(cells ...g.Node) g.Node { return html.Tr(html.Role("row"), g.Group(cells)) }

func tableCell(content ...g.Node) g.Node { return html.Td(html.Role("cell"), g.Group(content)) }

func cells(texts ...string) g.Node {
	return g.Map(texts, func(text string) g.Node { return tableCell(g.Text(text)) })
}

// plainTable is one of few narrow columns.
func plainTable(header []string, rows g.Node) g.Node {
	return html.Table(html.THead(html.Tr(g.Map(header, func(text string) g.Node {
		return html.Th(html.Scope("col"), g.Text(text))
	}))), html.TBody(rows))
}

// htmlTimeline draws what would follow, and says what to have at hand.
func (d document) htmlTimeline() g.Node {
	drawings := d.timeline()
	if len(drawings) == 0 {
		return nil
	}
	section := g.Group{html.H2(g.Text("What would follow")), lines(drawings, drawing.html)}
	if len(d.r.Forecast.Timeline) > 0 {
		section = append(section, lines(d.aftermath(), func(text string) g.Node { return paragraph(text) }))
	}
	section = append(section, folding(foldAfter(d.stops(), 3), advices))
	if all := d.sources(); len(all) > 0 {
		section = append(section, details("Sources", html.Ul(small(), items(all))))
	}
	return html.Section(section)
}

func (dr drawing) html() g.Node {
	labels := html.SVG(html.Height("20"), g.Map(dr.Ticks, func(t tick) g.Node {
		return g.El("text", percent("x", t.At), g.Attr("y", "14"), g.Attr("text-anchor", t.Anchor), g.Text(t.Label))
	}))
	return html.Figure(html.FigCaption(g.Text(dr.Title)), html.Ol(html.Class("bars"),
		html.Li(html.Class("axis"), html.Aria("hidden", "true"), html.Span(), labels),
		lines(dr.Bars, func(b bar) g.Node { return b.html(dr.Ticks) })))
}

func (b bar) html(ticks []tick) g.Node {
	svg := g.Group{
		html.Height("26"), html.Role("img"), g.El("title", g.Text(b.When+": "+b.Text)),
		g.Map(ticks, func(t tick) g.Node { return upright("grid", t.At) }),
	}
	for _, s := range b.Segments {
		if s.Length > 0 {
			svg = append(svg, g.El("rect", html.Class(s.Class), percent("x", s.From), g.Attr("y", "5"), percent("width", s.Length), html.Height("16")))
		}
	}
	if b.Deadline > 0 {
		svg = append(svg, upright("deadline", b.Deadline))
	}
	return html.Li(html.Span(html.B(g.Text(b.When)), g.Text(" "+b.Text)), g.Raw("\n"), html.SVG(svg))
}

// upright is a line from the top of a bar to its bottom.
func upright(class string, at float64) g.Node {
	return g.El("line", html.Class(class), percent("x1", at), percent("x2", at), g.Attr("y1", "0"), g.Attr("y2", "26"))
}

func percent(attribute string, of float64) g.Node {
	return g.Attr(attribute, fmt.Sprintf("%v%%", of))
}

// htmlMap shows who sees what the hooks write.
func (d document) htmlMap() g.Node {
	maps, heading := d.maps(), "Who sees what it writes"
	if len(maps.Shown) > 0 {
		heading = "Who stalls whom"
	}
	section := g.Group{html.H2(g.Text(heading)), lines(maps.Shown, hooksMap.html)}
	if len(maps.Folded) > 0 {
		section = append(section, details(fmt.Sprintf("and %d more", foldedStanders(maps)), lines(maps.Folded, hooksMap.html)))
	}
	if all := d.hookWrites(); len(all) > 0 {
		section = append(section, details("Every write of these hooks", lines(all, hookWrites.html)))
	}
	if all := d.letPass(); len(all) > 0 {
		section = append(section, details(passingWords(len(all)), html.Ul(lines(all, func(s stander) g.Node {
			return html.Li(g.Text(s.Full + ": " + s.Passes()))
		}))))
	}
	if all := d.readyHooks(); len(all) > 0 {
		section = append(section, details(d.readyWords(len(all)), plainTable([]string{"hook", "writes", "seen by somebody"}, lines(all, func(r readyHook) g.Node {
			return html.Tr(html.Th(html.Scope("row"), g.Text(r.Name)), html.Td(g.Text(fmt.Sprint(r.Writes))), html.Td(g.Text(fmt.Sprint(r.Seen))))
		}))))
	}
	return html.Section(section)
}

func (w hookWrites) html() g.Node {
	shown := g.Group{html.H3(g.Text(w.Hook)), paragraph(w.Reason), plainTable([]string{"write", "effect", "takes", "by"}, lines(w.Rows, func(row []string) g.Node {
		return html.Tr(g.Map(row, func(text string) g.Node { return html.Td(g.Text(text)) }))
	}))}
	if w.More > 0 {
		shown = append(shown, paragraph(fmt.Sprintf("and %d more, see -o json", w.More), small()))
	}
	if w.Source != "" {
		shown = append(shown, paragraph("Source: "+w.Source, small()))
	}
	return shown
}

func (m hooksMap) html() g.Node {
	key := html.Ul(html.Class("key"), lines(m.Standers, func(s stander) g.Node {
		text := " " + s.Full + " " + s.Answer
		if s.FailurePolicy != "" {
			text += " (failurePolicy " + s.FailurePolicy + ")"
		}
		return html.Li(html.B(g.Text(fmt.Sprint(s.Number))), g.Text(text))
	}))
	header := []string{"hook"}
	for _, s := range m.Standers {
		header = append(header, fmt.Sprint(s.Number))
	}
	return g.Group{key, roleTable(html.Class(fmt.Sprintf("map columns-%d", len(m.Standers))), header, lines(m.Rows, mapRow.html))}
}

func (r mapRow) html() g.Node {
	outcome := string(r.Outcome)
	hook := html.Th(html.Role("rowheader"), html.Scope("row"), g.Text(r.Hook+" "), html.Small(html.Class(outcome), g.Text(outcome)))
	return tableRow(hook, g.Map(r.Cells, func(c cell) g.Node {
		if c.Effect == "" {
			return tableCell(g.Text("-"))
		}
		effect := string(c.Effect)
		return tableCell(html.Span(html.Class(effect), hidden(c.Sign), g.Text(" "+effect)), g.Text(" "), html.Span(g.Text(c.Text)))
	}))
}
