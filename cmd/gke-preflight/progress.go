package main

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// progress rewrites one line on standard error while a person waits. It tells
// nothing that the report does not, and is silent for everyone else.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	shown bool
}

func newProgress(w io.Writer) *progress {
	if d := terminal(w); !d.tty || d.dumb || os.Getenv("CI") != "" {
		w = nil
	}
	return &progress{w: w}
}

func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil {
		return
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[K%s", fmt.Sprintf(format, args...))
}

// clear removes the line.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w != nil && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
