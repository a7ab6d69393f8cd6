package release

import (
	"io"
	"log"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

var quiet = log.New(io.Discard, "", 0)

// pushed holds that image.txt, which is part of the release, names by its digest an image
// that runs the program, as an ordinary user and with nothing beside it.
func (m made) pushed(t *testing.T) {
	told := strings.TrimSpace(contents(t, m.dist, "image.txt"))
	if !regexp.MustCompile(`^\S+@sha256:[0-9a-f]{64}$`).MatchString(told) {
		t.Fatalf("no image by its digest: %q", told)
	}
	ref, err := name.NewDigest(told)
	if err != nil {
		t.Fatal(err)
	}
	if ref.Context().Name() != m.image {
		t.Errorf("the image is %s, not one of %s", told, m.image)
	}
	image := imageOf(t, ref)
	if tagged := imageOf(t, ref.Context().Tag(version)); digestOf(t, tagged) != digestOf(t, image) {
		t.Errorf("%s is another image than %s", version, told)
	}
	c, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.Config.User != "65532" || !slices.Equal(c.Config.Entrypoint, []string{"/ko-app/gke-preflight"}) || c.Config.Cmd != nil {
		t.Errorf("user %q, entrypoint %q, command %q", c.Config.User, c.Config.Entrypoint, c.Config.Cmd)
	}
	dir := t.TempDir()
	files := mutate.Extract(image)
	untar(t, files, dir)
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"version", "demo"} {
		if out := inside(t, dir, c.Config.Entrypoint[0], verb); !strings.Contains(out, map[string]string{"version": version, "demo": "NOT READY"}[verb]) {
			t.Errorf("%s: %s", verb, out)
		}
	}
}

// inside runs a program of an image: where this process may, with nothing else in sight,
// and as the image's user.
func inside(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	if os.Getuid() == 0 {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: dir, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	} else {
		cmd.Path = dir + program
	}
	cmd.Env = []string{"HOME=/"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// imageOf is what a reference stands for: an image, or the one image of an index.
func imageOf(t *testing.T, ref name.Reference) v1.Image {
	t.Helper()
	image, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func digestOf(t *testing.T, image v1.Image) v1.Hash {
	t.Helper()
	h, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return h
}
