package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A person who waits sees what is done, and for how long it has been; the line is gone
// in the end, and nobody else sees anything.
func TestProgress(t *testing.T) {
	var seen bytes.Buffer
	p := &progress{w: &seen}
	p.say("collecting %d/%d %s", 1, 2, "nodes")
	p.mu.Lock()
	p.began = p.began.Add(-7 * time.Second)
	p.show()
	p.mu.Unlock()
	p.clear()
	p.clear()
	if got, want := seen.String(), "\r\x1b[Kcollecting 1/2 nodes\r\x1b[Kcollecting 1/2 nodes (7 s)\r\x1b[K"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.say("again")
	p.clear()
	if !strings.HasSuffix(seen.String(), "again (7 s)\r\x1b[K") {
		t.Errorf("%q", seen.String())
	}
	silent := newProgress(&seen)
	before := seen.Len()
	silent.say("nothing")
	silent.clear()
	if seen.Len() != before {
		t.Error("a log was written to")
	}
}
