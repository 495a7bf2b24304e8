#:package Azure.Bicep.Types.Az@0.2.972
// Writes Azure's type data into a folder: `dotnet run azure-types.cs -- FOLDER microsoft.app,microsoft.web`.
// The package holds it as resources of its one assembly, deflated.
using System.IO.Compression;

var folder = args[0];
var providers = args[1].Split(',').Append("index.json").ToHashSet(StringComparer.OrdinalIgnoreCase);
var data = typeof(Azure.Bicep.Types.Az.AzTypeLoader).Assembly;
const string ending = ".deflated";

foreach (var name in data.GetManifestResourceNames().Where(name => name.EndsWith(ending)))
{
    var file = name[..^ending.Length];
    if (!file.Split('/', '\\').Any(providers.Contains)) continue;
    var target = Path.Combine(folder, file);
    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
    using var source = new DeflateStream(data.GetManifestResourceStream(name)!, CompressionMode.Decompress);
    using var written = File.Create(target);
    source.CopyTo(written);
}
