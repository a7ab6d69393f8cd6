package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress rewrites one line on standard error while a person waits, with the seconds
// that have gone by. It tells nothing that the report does not, and is silent for
// everyone else.
type progress struct {
	mu   sync.Mutex
	w    io.Writer
	text string
	// began is when something was said first.
	began time.Time
	// ended is closed to stop the clock; nil while nothing is shown.
	ended chan struct{}
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
	p.text = fmt.Sprintf(format, args...)
	if p.began.IsZero() {
		p.began = time.Now()
	}
	if p.ended == nil {
		p.ended = make(chan struct{})
		go p.tick(p.ended)
	}
	p.show()
}

// tick shows that time goes by where nothing else does.
func (p *progress) tick(ended <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ended:
			return
		case <-second.C:
		}
		p.mu.Lock()
		if p.ended == ended {
			p.show()
		}
		p.mu.Unlock()
	}
}

func (p *progress) show() {
	elapsed := ""
	if s := int(time.Since(p.began).Seconds()); s > 0 {
		elapsed = fmt.Sprintf(" (%d s)", s)
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s%s", p.text, elapsed)
}

// clear removes the line.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		close(p.ended)
		p.ended = nil
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
