package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// repeating returns r with the commands of this program that it gives looking where cmd
// has looked: at the recording, if there is one, else at the cluster of its flags, and for
// the same target and time.
func repeating(cmd *cobra.Command, recording string, r preflight.Report) preflight.Report {
	r.Findings = slices.Clone(r.Findings)
	for n := range r.Findings {
		f := &r.Findings[n]
		if f.Steps == nil {
			continue
		}
		f.Steps = slices.Clone(f.Steps)
		for i := range f.Steps {
			step := &f.Steps[i]
			step.Commands = slices.Clone(step.Commands)
			for k, c := range step.Commands {
				if c.Kind == remedy.Shell {
					step.Commands[k].Text = again(cmd, recording, c.Text)
				}
			}
		}
		f.Remedy = f.Steps.String()
	}
	return r
}

// again adds to a command of this program those flags of cmd that say what it looked at,
// as far as the command knows them and does not have them. Any other is returned as it is.
func again(cmd *cobra.Command, recording, command string) string {
	words := strings.Fields(command)
	if len(words) < 2 || words[0] != cmd.Root().Name() || strings.ContainsAny(command, "\n|;&<>") {
		return command
	}
	to, _, err := cmd.Root().Find(words[1:2])
	if err != nil || to.Flags().Lookup("snapshot") == nil {
		return command
	}
	if recording != "" {
		command += " --snapshot " + remedy.Quote(recording)
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		where := f.Name == "target-version" || f.Name == "as-of" || slices.Contains(liveFlags(), f.Name)
		if !where || to.Flags().Lookup(f.Name) == nil || strings.Contains(command, " --"+f.Name) {
			return
		}
		switch v := f.Value.(type) {
		case pflag.SliceValue:
			for _, one := range v.GetSlice() {
				command += " --" + f.Name + " " + remedy.Quote(one)
			}
		default:
			switch {
			case v.Type() == "bool" && v.String() == "true":
				command += " --" + f.Name
			case f.NoOptDefVal != "":
				command += " --" + f.Name + "=" + remedy.Quote(v.String())
			default:
				command += " --" + f.Name + " " + remedy.Quote(v.String())
			}
		}
	})
	return command
}
