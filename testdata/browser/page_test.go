package browser

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A screen is what a page is shown on.
type screen struct {
	name          string
	width, height int
	theme         string
	media         string
}

// A page is a file that a browser shows.
type page struct {
	*chromium
	t       *testing.T
	session string
	address string
	width   int
}

// show opens a file on a screen.
func (c *chromium) show(t *testing.T, file string, s screen) *page {
	t.Helper()
	var target struct{ TargetID, SessionID string }
	decode(t, c.call(t, "", "Target.createTarget", map[string]any{"url": "about:blank"}), &target)
	decode(t, c.call(t, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}), &target)
	p := &page{c, t, target.SessionID, (&url.URL{Scheme: "file", Path: file}).String(), s.width}
	for _, domain := range []string{"Page", "Network", "Log", "Runtime"} {
		p.do(domain+".enable", nil)
	}
	p.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": s.width, "height": s.height, "deviceScaleFactor": 1, "mobile": s.width < 600})
	p.do("Emulation.setEmulatedMedia", map[string]any{"media": s.media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": s.theme}}})
	p.do("Page.navigate", map[string]any{"url": p.address})
	c.await(t, p.session, "Page.loadEventFired")
	t.Cleanup(func() { c.call(t, "", "Target.closeTarget", map[string]any{"targetId": target.TargetID}) })
	return p
}

func decode(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
}

func (p *page) do(method string, params any) json.RawMessage {
	p.t.Helper()
	return p.call(p.t, p.session, method, params)
}

// evaluate runs an expression in the page.
func (p *page) evaluate(expression string, into any) {
	p.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	decode(p.t, p.do("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}), &r)
	if r.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, r.ExceptionDetails)
	}
	decode(p.t, r.Result.Value, into)
}

//go:embed complaints.js
var complaints string

// complaints are what is wrong with the page on its screen, with all that is
// folded unfolded at the end, and what it asked the network for.
func (p *page) complaints() []string {
	p.t.Helper()
	var all []string
	p.evaluate(fmt.Sprintf("(%s)(%d)", complaints, p.width), &all)
	for _, m := range p.seen(p.session) {
		switch m.Method {
		case "Network.requestWillBeSent":
			var e struct{ Request struct{ URL string } }
			decode(p.t, m.Params, &e)
			if e.Request.URL != p.address && !strings.HasPrefix(e.Request.URL, "data:") {
				all = append(all, "it asks for "+e.Request.URL)
			}
		case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown":
			all = append(all, fmt.Sprintf("the console says %s", m.Params))
		}
	}
	return all
}

// picture stores what the screen shows, of the whole page.
func (p *page) picture(dir, name string) {
	p.t.Helper()
	var shot struct{ Data string }
	decode(p.t, p.do("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}), &shot)
	p.store(dir, name+".png", shot.Data)
}

func (p *page) store(dir, name, data string) {
	p.t.Helper()
	b, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
