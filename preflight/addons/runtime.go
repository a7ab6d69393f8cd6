package addons

import (
	"regexp"
	"slices"
	"strconv"
)

// The images of Java and of .NET, by the ends of their paths.
var (
	javaImages   = []string{"openjdk", "eclipse-temurin", "amazoncorretto", "adoptopenjdk", "azul/zulu-openjdk", "azul/zulu-openjdk-alpine"}
	dotnetImages = []string{"dotnet/core/aspnet", "dotnet/core/runtime", "dotnet/core/runtime-deps", "dotnet/core/sdk",
		"dotnet/aspnet", "dotnet/runtime", "dotnet/runtime-deps", "dotnet/sdk"}
)

func runtimeEnd(r Reference) (string, bool) {
	for _, images := range [][]string{javaImages, dotnetImages} {
		if n := slices.IndexFunc(images, r.EndsAs); n >= 0 {
			return images[n], true
		}
	}
	return "", false
}

// BlindToCgroupV2 reports whether the image is of a runtime that finds no limit of memory
// on cgroup v2: Java before 8u372, 11.0.16 and 15 (bugs.openjdk.org JDK-8230305), .NET
// before 5 (learn.microsoft.com/dotnet/core/compatibility, container limits). Of a tag that
// tells no patch, such as 8-jre, it is not known, and false.
func BlindToCgroupV2(r Reference) bool {
	switch {
	case slices.ContainsFunc(javaImages, r.EndsAs):
		return oldJava(r.Tag)
	case slices.ContainsFunc(dotnetImages, r.EndsAs):
		m := leading.FindStringSubmatch(r.Tag)
		return m != nil && number(m[1]) < 5
	}
	return false
}

var (
	leading = regexp.MustCompile(`^(\d{1,2})(?:[.-]|$)`)
	// java is such as 8u212-jre, 8.0.362, 11.0.11_9-jre or jdk-11.0.15.
	java = regexp.MustCompile(`^(?:jdk|jre)?-?(\d{1,2})(?:u(\d+)|\.0\.(\d+))?(?:[^\d.]|\.|$)`)
)

func oldJava(tag string) bool {
	m := java.FindStringSubmatch(tag)
	if m == nil {
		return false
	}
	major, patched := number(m[1]), m[2]+m[3] != ""
	patch := number(m[2] + m[3])
	switch {
	case major == 8:
		return patched && patch < 372
	case major == 11:
		return patched && patch < 16
	}
	return major < 15
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
