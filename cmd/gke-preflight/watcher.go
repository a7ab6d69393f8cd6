package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// watcher folds observations and prints what comes of them.
type watcher struct {
	watch *watch.Watch
	w     io.Writer
	json  bool
	ascii bool
	// record is nil unless observations are kept.
	record *json.Encoder
	// err is the first that writing met.
	err error
}

func (w *watcher) see(o watch.Observation) {
	if w.record != nil && w.err == nil {
		w.err = w.record.Encode(o)
	}
	w.print(w.watch.See(o))
}

func (w *watcher) stop(at time.Time, why string) { w.print(w.watch.Stop(at, why)) }

func (w *watcher) print(events []watch.Event) {
	for _, e := range events {
		if w.err == nil {
			w.err = w.write(e)
		}
	}
}

func (w *watcher) write(e watch.Event) error {
	if w.json {
		encoder := json.NewEncoder(w.w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(e)
	}
	mark := " "
	if e.Alarm {
		mark = "!"
	}
	text := fmt.Sprintf("%s %s %-8s  %s\n", e.At.UTC().Format("15:04:05"), mark, e.Kind, e.Text)
	for _, s := range e.Stop {
		text += fmt.Sprintf("%21s%s:\n%25s%s\n", "", s.Does, "", s.Command)
	}
	if w.ascii {
		text = strings.ReplaceAll(text, "→", "->")
	}
	_, err := io.WriteString(w.w, text)
	return err
}
