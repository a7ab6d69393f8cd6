// Package plugin runs the credential plugin that a kubeconfig names. The protocol is
// that of client-go (k8s.io/client-go plugin/pkg/client/auth/exec), whose own runner
// knows no context and keeps nothing of what a plugin says: here a plugin ends with
// whoever waits for it, and what it says is part of the error.
package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/pkg/apis/clientauthentication"
	"k8s.io/client-go/pkg/apis/clientauthentication/install"
	clientauthenticationv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	clientauthenticationv1beta1 "k8s.io/client-go/pkg/apis/clientauthentication/v1beta1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// infoVariable is how a plugin is told what it is asked for.
const infoVariable = "KUBERNETES_EXEC_INFO"

const (
	// patience is how long a plugin may take that has nobody to ask. gcloud itself
	// gives up on its servers before.
	patience = time.Minute
	// mostSaid and mostAnswered bound what is kept of a plugin's output.
	mostSaid, mostAnswered = 64 << 10, 1 << 20
)

// A runner runs one plugin.
type runner struct {
	config  *clientcmdapi.ExecConfig
	version schema.GroupVersion
	cluster *clientauthentication.Cluster
}

func newRunner(config *clientcmdapi.ExecConfig, cluster *clientauthentication.Cluster) (*runner, error) {
	for _, v := range []schema.GroupVersion{clientauthenticationv1.SchemeGroupVersion, clientauthenticationv1beta1.SchemeGroupVersion} {
		if v.String() == config.APIVersion {
			return &runner{config, v, cluster}, nil
		}
	}
	return nil, &Error{Command: config.Command, Problem: OtherVersion, Said: fmt.Sprintf("the kubeconfig wants %q", config.APIVersion)}
}

// interactive reports whether the plugin may ask somebody.
func (r *runner) interactive() (bool, error) {
	possible := !r.config.StdinUnavailable && term.IsTerminal(int(os.Stdin.Fd()))
	if r.config.InteractiveMode == clientcmdapi.AlwaysExecInteractiveMode && !possible {
		return false, &Error{Command: r.config.Command, Problem: NeedsTerminal}
	}
	return possible && r.config.InteractiveMode != clientcmdapi.NeverExecInteractiveMode, nil
}

// run runs the plugin once. It ends with ctx, and where nobody can be asked after a
// minute at the latest.
func (r *runner) run(ctx context.Context) (*clientauthentication.ExecCredentialStatus, error) {
	interactive, err := r.interactive()
	if err != nil {
		return nil, err
	}
	if !interactive {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, r.config.Command, r.config.Args...)
	if cmd.Env, err = r.environment(interactive); err != nil {
		return nil, err
	}
	answered, said := &bounded{most: mostAnswered}, &bounded{most: mostSaid}
	cmd.Stdout, cmd.Stderr = answered, said
	cmd.WaitDelay = time.Second
	if interactive {
		cmd.Stdin, cmd.Stderr = os.Stdin, io.MultiWriter(os.Stderr, said)
	} else {
		apart(cmd)
	}
	// One that leaves a child behind, with its output open, has answered all the same.
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, r.failed(ctx, err, said.String())
	}
	return r.read(answered.Bytes())
}

func (r *runner) environment(interactive bool) ([]string, error) {
	asked := &clientauthentication.ExecCredential{Spec: clientauthentication.ExecCredentialSpec{Interactive: interactive}}
	if r.config.ProvideClusterInfo {
		asked.Spec.Cluster = r.cluster
	}
	info, err := runtime.Encode(codecs.LegacyCodec(r.version), asked)
	if err != nil {
		return nil, fmt.Errorf("what the plugin is asked can't be written: %w", err)
	}
	env := os.Environ()
	for _, e := range r.config.Env {
		env = append(env, e.Name+"="+e.Value)
	}
	return append(env, infoVariable+"="+string(info)), nil
}

func (r *runner) failed(ctx context.Context, err error, said string) error {
	e := &Error{Command: r.config.Command, Problem: Failed, Said: oneLine(said), Hint: oneLine(r.config.InstallHint)}
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		e.Problem = Hung
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		e.Problem = NotInstalled
	case e.Said == "" && errors.As(err, &exit):
		e.Said = exit.String()
	case e.Said == "":
		e.Said = err.Error()
	}
	return e
}

// read reads what a plugin answers.
func (r *runner) read(answer []byte) (*clientauthentication.ExecCredentialStatus, error) {
	wrong := func(p Problem, format string, args ...any) error {
		return &Error{Command: r.config.Command, Problem: p, Said: fmt.Sprintf(format, args...)}
	}
	got := &clientauthentication.ExecCredential{}
	_, kind, err := codecs.UniversalDecoder(r.version).Decode(answer, nil, got)
	switch {
	case kind != nil && kind.Kind == "ExecCredential" && kind.GroupVersion() != r.version:
		return nil, wrong(OtherVersion, "the kubeconfig wants %s and the plugin answers %s", r.version, kind.GroupVersion())
	case err != nil:
		return nil, wrong(NoCredential, "what it prints is no ExecCredential")
	case got.Status == nil:
		return nil, wrong(NoCredential, "its answer has no status")
	}
	s := got.Status
	switch {
	case (s.ClientCertificateData == "") != (s.ClientKeyData == ""):
		return nil, wrong(NoCredential, "of a certificate and its key only one is in its answer")
	case s.Token == "" && s.ClientCertificateData == "":
		return nil, wrong(NoCredential, "neither a token nor a certificate is in its answer")
	}
	return s, nil
}

var codecs = func() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	return serializer.NewCodecFactory(scheme)
}()

// bounded keeps the first bytes that are written to it.
type bounded struct {
	bytes.Buffer
	most int
}

// Write implements [io.Writer].
func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(0, b.most-b.Len()))])
	return len(p), nil
}

// oneLine is what somebody said, without line breaks and of a length that can be read.
func oneLine(said string) string {
	const most = 400
	line := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(said, "\uFFFD")), " "))
	if len(line) > most {
		return "…" + string(line[len(line)-most:])
	}
	return string(line)
}
