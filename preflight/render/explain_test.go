package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"
)

const manualPage = "# GP101: A webhook or policy `keeps` the new replica from starting\n" + `
What it checks is **every write** that a new replica makes, with [the plan](../how-it-works.md)
at hand, as [upstream](https://example.com/x) does.

## How to fix it

Exempt ` + "`system:apiserver`" + `:

` + "```" + `
kubectl edit validatingwebhookconfiguration a-very-long-name-that-is-wider-than-the-page
  matchConditions:
` + "```" + `

1. first, a step that is long enough to be wrapped onto another line of the page
   and goes on here
2. second
   - nested

| write | seconds |
|---|---|
| UPDATE ` + "`clusterroles`" + ` | 10 |
`

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
	}{
		{"explain", Options{Width: 60}},
		{"explain-colour", Options{Width: 60, Colour: true}},
	} {
		var b bytes.Buffer
		if err := Explain(&b, manualPage, c.o); err != nil {
			t.Fatal(err)
		}
		golden(t, c.name+".txt", b.Bytes())
		for line := range strings.Lines(b.String()) {
			visible := displaywidth.Options{ControlSequences: true}.String(strings.TrimSpace(line))
			if visible > c.o.Width && !strings.Contains(line, "kubectl") {
				t.Errorf("%s: %d columns: %s", c.name, visible, line)
			}
		}
	}
}

func TestExplainOddMarkdown(t *testing.T) {
	for _, md := range []string{"", "\n\n", "```\nunclosed", "|a|b|\n|-|-|\n", "-", "- ", "#", "**", "[a](", "| a |\n| b | c |", "1."} {
		var b bytes.Buffer
		if err := Explain(&b, md, Options{}); err != nil {
			t.Errorf("%q: %v", md, err)
		}
	}
}
