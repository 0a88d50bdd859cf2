// Generates the SDKs of a package as `pulumi package gen-sdk` does: a CLI that was built from its Go module has no
// language hosts, which otherwise call these same generators.
//
// Usage: sdk_generator SCHEMA FOLDER; writes FOLDER/nodejs, FOLDER/go and FOLDER/python.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "pulumi"

func main() {
	source, err := os.ReadFile(os.Args[1])
	check(err)
	var spec schema.PackageSpec
	check(json.Unmarshal(source, &spec))

	// The package refers to no other one, so nothing has to be loaded.
	loader := schema.NewCachedLoader(nil)
	bound := func() *schema.Package {
		pkg, diagnostics, err := schema.BindSpec(spec, loader, schema.ValidationOptions{})
		check(err)
		for _, each := range diagnostics {
			log.Fatal(each.Error())
		}
		return pkg
	}
	files, err := nodejs.GeneratePackage(tool, bound(), nil, nil, true, loader)
	check(err)
	write("nodejs", files)
	files, err = golang.GeneratePackage(tool, bound(), nil)
	check(err)
	write("go", files)
	files, err = python.GeneratePackage(tool, bound(), nil, loader)
	check(err)
	write("python", files)
}

func write(language string, files map[string][]byte) {
	for name, content := range files {
		path := filepath.Join(os.Args[2], language, name)
		check(os.MkdirAll(filepath.Dir(path), 0o755))
		check(os.WriteFile(path, content, 0o644))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
