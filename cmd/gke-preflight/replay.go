package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// replay folds a recording. A forecast of the flags takes the place of the one in it.
func (f *watchFlags) replay(cmd *cobra.Command, out *watcher, given *preflight.Report) error {
	file, err := os.Open(f.replayed)
	if err != nil {
		return fmt.Errorf("--replay: %w", err)
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	var last time.Time
	for n := 1; ; n++ {
		var o watch.Observation
		if err := decoder.Decode(&o); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("--replay %s: observation %d: %w", f.replayed, n, err)
		}
		if o.Source == watch.Begun && o.Options != nil {
			f.chosen(cmd, o.Options)
		}
		if n == 1 && given != nil {
			out.see(watch.Observation{At: o.At, Source: watch.Forecast, Report: given})
		}
		if o.Source != watch.Forecast || given == nil {
			out.see(o)
		}
		last = o.At
	}
	out.stop(last, "the recording ends")
	return nil
}

// chosen puts what this run's flags say in place of what was chosen then.
func (f *watchFlags) chosen(cmd *cobra.Command, then *watch.Options) {
	if cmd.Flags().Changed("operation") {
		then.Operation = f.options.Operation
	}
	if cmd.Flags().Changed("for") {
		then.For = f.options.For
	}
	if f.options.Target != "" {
		then.Target = f.options.Target
	}
}
