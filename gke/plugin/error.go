package plugin

import "fmt"

// A Problem is why a plugin gave no credentials.
type Problem string

const (
	// NotInstalled: there is no such program.
	NotInstalled Problem = "is not installed"
	// Failed: it ended with an error, as when nobody is logged in.
	Failed Problem = "failed"
	// Hung: it did not end in time.
	Hung Problem = "did not answer in time"
	// OtherVersion: the kubeconfig, or the plugin, speaks a version of the protocol
	// that is not known here.
	OtherVersion Problem = "speaks another version of the protocol"
	// NoCredential: there is no credential in what it printed.
	NoCredential Problem = "gave no credentials"
	// NeedsTerminal: it wants to ask somebody, and nobody is at a terminal.
	NeedsTerminal Problem = "needs a terminal"
)

// An Error says that a plugin gave no credentials: no server was asked anything.
type Error struct {
	// Command is the program, as the kubeconfig names it.
	Command string
	Problem Problem
	// Said is more about it, in the plugin's own words where it has any; one line, may
	// be empty.
	Said string
	// Hint is what the kubeconfig says about how to install the plugin; may be empty.
	Hint string
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("the credential plugin %s %s", e.Command, e.Problem)
	if e.Said != "" {
		text += ": " + e.Said
	}
	return text
}

// NoCredentials says that nothing was sent for want of credentials.
func (*Error) NoCredentials() {}
