package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// outputFlags say in which formats a report is written, and where to.
type outputFlags struct {
	formats    []string
	color      string
	quiet      bool
	showPassed bool
	exitZero   bool
	// names are the formats that there are; nil stands for all those of a report.
	names []string
}

func formats() []string {
	var names []string
	for _, f := range render.Formats() {
		names = append(names, f.Name)
	}
	return names
}

func (o *outputFlags) bind(cmd *cobra.Command) { o.bindFormats(cmd, formats()...) }

// bindFormats is bind for a verb that has formats of its own.
func (o *outputFlags) bindFormats(cmd *cobra.Command, names ...string) {
	o.names = names
	fs := cmd.Flags()
	fs.StringArrayVarP(&o.formats, "output", "o", []string{"table"}, "format of the report: "+strings.Join(names, ", ")+"; FORMAT=FILE writes to a file; may be given several times")
	choose(cmd, &o.color, "color", "", "auto", "colour: auto, always or never; auto heeds NO_COLOR and FORCE_COLOR", "auto", "always", "never")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "show the verdict and the blockers only")
	fs.BoolVar(&o.showPassed, "show-passed", false, "list the checks that passed, too")
	fs.BoolVar(&o.exitZero, "exit-zero", false, "exit 0 whatever the verdict; still 1 if there could be none")
	completeOutputs(cmd, names)
}

// validate finds what is wrong with the flags before anything is collected.
func (o outputFlags) validate() error {
	stdout := 0
	given := map[string]bool{}
	for _, f := range o.formats {
		format, file, toFile := strings.Cut(f, "=")
		if err := oneOf("--output", format, o.names...); err != nil {
			return err
		}
		if toFile && file == "" {
			return fmt.Errorf("--output %s: the file's name is missing", f)
		}
		if !toFile {
			stdout++
			continue
		}
		if file == "-" {
			return fmt.Errorf("--output %s: -o %s alone goes to standard output; for a file of that name write ./-", f, format)
		}
		if err := placeFor(file); err != nil {
			return fmt.Errorf("--output %s: %w", file, err)
		}
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			continue
		}
		clean := filepath.Clean(file)
		if given[clean] {
			return fmt.Errorf("--output: %s is given twice, and only one of the two would stay: give each format a file of its own", file)
		}
		given[clean] = true
	}
	if stdout > 1 {
		return fmt.Errorf("--output: only one format can go to standard output; give the others a file, such as json=report.json")
	}
	return nil
}

// write renders the report in every format asked for, and returns the verdict as
// an exit code.
func (o outputFlags) write(cmd *cobra.Command, r preflight.Report) error {
	err := o.each(cmd, func(w io.Writer, name string, options render.Options) error {
		format, _ := render.FormatOf(name)
		if err := format.Write(w, r, options); err != nil || name != "github" {
			return err
		}
		return summarise(r, options)
	})
	if err != nil {
		return err
	}
	return o.exit(r.Verdict)
}

// each writes every format asked for where it belongs. The files are written as a
// whole, or none of them is and nothing is printed, as in a run that was interrupted.
func (o outputFlags) each(cmd *cobra.Command, write func(w io.Writer, format string, o render.Options) error) error {
	if err := o.spares(cmd); err != nil {
		return err
	}
	stdout := cmd.OutOrStdout()
	var files []file
	var printed bytes.Buffer
	for _, f := range o.formats {
		format, name, toFile := strings.Cut(f, "=")
		to, d := &printed, terminal(stdout)
		if toFile {
			to, d = &bytes.Buffer{}, terminal(to)
		}
		if err := write(to, format, o.options(d)); err != nil {
			return err
		}
		if toFile {
			files = append(files, file{name, to.Bytes()})
		}
	}
	drafts, err := draftAll(files, 0)
	if err != nil {
		return fmt.Errorf("--output %w", err)
	}
	if err := interruption(cmd.Context()); err != nil {
		drafts.discard()
		return err
	}
	if _, err := stdout.Write(printed.Bytes()); err != nil {
		drafts.discard()
		return err
	}
	if err := drafts.commit(); err != nil {
		return fmt.Errorf("--output %w", err)
	}
	return nil
}

// spares refuses to write over what the run has read: a recording, a plan, a policy or
// whatever else its other flags and arguments name.
func (o outputFlags) spares(cmd *cobra.Command) error {
	names := filesRead(cmd)
	for _, f := range o.formats {
		_, name, _ := strings.Cut(f, "=")
		written, err := os.Stat(name)
		if err != nil || !written.Mode().IsRegular() {
			continue
		}
		for _, read := range names {
			if info, err := os.Stat(read); err == nil && os.SameFile(info, written) {
				return fmt.Errorf("--output %s: that is what was read; give the report a file of its own", name)
			}
		}
	}
	return nil
}

// filesRead are the files that a command line may name for reading, and more: all its
// arguments, the values of all its flags but those of files to write, and the recordings
// in a directory of some.
func filesRead(cmd *cobra.Command) []string {
	names := slices.Clone(cmd.Flags().Args())
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch list, ok := f.Value.(pflag.SliceValue); {
		case f.Name == "output" || f.Name == "reports":
		case ok:
			names = append(names, list.GetSlice()...)
		default:
			names = append(names, f.Value.String())
		}
		if f.Name == "snapshots" {
			in, _ := filepath.Glob(filepath.Join(f.Value.String(), "*"))
			names = append(names, in...)
		}
	})
	return names
}

func (o outputFlags) options(d display) render.Options {
	options := d.options()
	options.Colour = d.colour(o.color)
	options.Quiet, options.ShowPassed = o.quiet, o.showPassed
	return options
}

// exit returns the verdict as an exit code; nil for 0.
func (o outputFlags) exit(v preflight.Verdict) error {
	if code := v.ExitCode(); code != preflight.ExitReady && !o.exitZero {
		return exitCode(code)
	}
	return nil
}

// summarise appends the report to the summary of the GitHub Actions step, if this
// runs in one.
func summarise(r preflight.Report, o render.Options) error {
	file := os.Getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	var b bytes.Buffer
	if err := render.Markdown(&b, r, o); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("GITHUB_STEP_SUMMARY: %w", err)
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		if _, err = f.Write(limited(b.Bytes())); err != nil {
			err = errors.Join(err, f.Truncate(end))
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("GITHUB_STEP_SUMMARY: %w", err)
	}
	return nil
}

// mostSummary is what GitHub takes as the summary of a step; with more it takes
// none of it.
const mostSummary = 1 << 20

func limited(b []byte) []byte {
	const cut = "\n\nThe rest is left out: GitHub takes no more than 1 MiB.\n"
	if len(b) <= mostSummary {
		return b
	}
	b = b[:mostSummary-len(cut)]
	return append(b[:bytes.LastIndexByte(b, '\n')+1:len(b)], cut...)
}

// hide keeps flags out of the help text that hardly anyone needs.
func hide(fs *pflag.FlagSet, names ...string) {
	for _, n := range names {
		_ = fs.MarkHidden(n)
	}
}
