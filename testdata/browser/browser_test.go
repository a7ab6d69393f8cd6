package browser

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

var pictures = flag.String("pictures", "", "store a picture of every page in this `directory`")

var screens = []screen{
	{"phone-light", 390, 844, "light", ""},
	{"phone-dark", 390, 844, "dark", ""},
	{"desktop-light", 1280, 900, "light", ""},
	{"desktop-dark", 1280, 900, "dark", ""},
	// A4 less Chromium's margins, at 96 dots an inch.
	{"paper", 718, 1047, "dark", "print"},
}

// TestReports holds that every report can be read on every screen: nothing is wider
// than the screen, folded or not; the verdict is in sight; text has a contrast of 4.5
// and more; what is to be copied is copied as it is; and the page asks no network
// for anything and leaves the console silent.
func TestReports(t *testing.T) {
	c := start(t)
	for name, of := range map[string]struct {
		cluster *facts.Snapshot
		verdict preflight.Verdict
	}{
		"incident":     {recorded(t, "incident"), preflight.NotReady},
		"all-clear":    {recorded(t, "all-clear"), preflight.Ready},
		"inconclusive": {notAsked(t), preflight.Inconclusive},
		"huge":         {huge(t), preflight.NotReady},
		"relabelled":   {recorded(t, "incident"), preflight.NotReady},
	} {
		var rules policy.Rules
		if name == "relabelled" {
			rules = relabelling(t)
		}
		file, r := written(t, name, of.cluster, rules)
		if r.Verdict != of.verdict {
			t.Errorf("%s: the verdict is %s, want %s", name, r.Verdict, of.verdict)
		}
		if info, err := os.Stat(file); err != nil || info.Size() > 1.1e6 {
			t.Errorf("%s: %d bytes, %v", name, info.Size(), err)
		}
		for _, s := range screens {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				p := c.show(t, file, s)
				for _, complaint := range p.complaints() {
					t.Error(complaint)
				}
				if *pictures != "" {
					p.picture(*pictures, name+"-"+s.name)
				}
			})
		}
	}
}

// On paper evidence is unfolded, as nobody can unfold it there.
func TestPaper(t *testing.T) {
	c := start(t)
	file, _ := written(t, "incident", recorded(t, "incident"), policy.Rules{})
	p := c.show(t, file, screens[len(screens)-1])
	var hidden int
	p.evaluate(`[...document.querySelectorAll('details.evidence li')].filter((e) => e.getBoundingClientRect().height === 0).length`, &hidden)
	if hidden > 0 {
		t.Errorf("%d pieces of evidence are folded", hidden)
	}
	var pdf struct{ Data string }
	decode(t, p.do("Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true}), &pdf)
	if !strings.HasPrefix(pdf.Data, "JVBERi0") {
		t.Errorf("no PDF: %.20s", pdf.Data)
	}
	if *pictures != "" {
		p.store(*pictures, "incident.pdf", pdf.Data)
	}
}

// The complaints come: of a page that has every defect.
func TestComplaints(t *testing.T) {
	const bad = `<!doctype html><meta name="viewport" content="width=device-width"><body style="background:#ccc">
<p style="margin-top:2000px"></p><h1>READY</h1><p style="color:#bbb">pale</p><p style="font-size:8px">small</p>
<div style="width:900px">wide</div><details><div style="width:1900px">wider</div></details>
<pre>kubectl <span style="user-select:none">get</span></pre><img src="http://example.invalid/x.png"><script>console.log('hello')</script>`
	file := filepath.Join(t.TempDir(), "bad.html")
	if err := os.WriteFile(file, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	said := strings.Join(start(t).show(t, file, screens[1]).complaints(), "\n")
	for _, want := range []string{"the verdict is not in sight", "dark wanted: true", "folded it is 9", "unfolded it is 19", "P. has contrast", "P is 8px small", "is copied as kubectl", "it asks for http://example.invalid/x.png", "the console says"} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q in\n%s", want, said)
		}
	}
}
