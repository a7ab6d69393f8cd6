package main

import (
	"cmp"
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
	record io.Writer
	// err is the first that writing met.
	err error
}

// see takes an observation in as it would be recorded, so that a replay says the same.
func (w *watcher) see(o watch.Observation) {
	b, err := json.Marshal(o)
	if err == nil && w.record != nil {
		_, err = w.record.Write(append(b, '\n'))
	}
	var kept watch.Observation
	if err == nil {
		err = json.Unmarshal(b, &kept)
	}
	if err != nil {
		w.err = cmp.Or(w.err, err)
		return
	}
	w.print(w.watch.See(kept))
}

// stop ends a watch that goes on.
func (w *watcher) stop(at time.Time, why string) {
	if w.watch.Outcome() == "" {
		w.see(watch.Observation{At: at, Source: watch.Ended, Why: why})
	}
}

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
