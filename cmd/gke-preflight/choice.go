package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A choice is the value of a flag that takes one of a closed set. Which there are stands
// where it is bound, for its errors and for completion alike.
type choice struct {
	value *string
	among []string
}

// choose binds a flag that takes one of the values, and value unless it is given, which
// may be none of them.
func choose(cmd *cobra.Command, p *string, name, shorthand, value, usage string, among ...string) {
	*p = value
	cmd.Flags().VarP(choice{p, among}, name, shorthand, usage)
	complete(cmd, name, among...)
}

func (c choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

// Type is what the help shows.
func (choice) Type() string { return "string" }

// Set takes an empty value for the flag's not being given.
func (c choice) Set(value string) error {
	if value != "" && !slices.Contains(c.among, value) {
		return noChoice{value, c.among}
	}
	*c.value = value
	return nil
}

// noChoice is a value that a flag does not take.
type noChoice struct {
	value string
	among []string
}

func (e noChoice) Error() string {
	return fmt.Sprintf("%q is not one of %s", e.value, strings.Join(e.among, ", "))
}

// oneOf is noChoice, naming the flag, for a value that is none of those allowed.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %w", flag, noChoice{value, allowed})
}

// shortly says of a value that a flag does not take what it takes.
func shortly(err error) error {
	var invalid *pflag.InvalidValueError
	var none noChoice
	if errors.As(err, &invalid) && errors.As(err, &none) {
		return fmt.Errorf("--%s: %w", invalid.GetFlag().Name, none)
	}
	return err
}
