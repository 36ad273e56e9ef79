"""lint's fixes as changes to the source."""

import dagger

from pipeline.catalog.load import load_catalog
from pipeline.checks.fixes import find_fixes
from pipeline.planning.sources import Sources
from pipeline.stages.request import Request
from pipeline.stages.source import materialise


async def fix_findings(request: Request) -> dagger.Changeset:
    """The changes that lint can make without a doubt; none where it finds nothing of the kind.

    Raises CatalogError for a catalog that cannot be loaded.
    """
    async with materialise(request.source) as root:
        fixes = find_fixes(load_catalog(root, request.catalog), Sources(root))
    after = request.source
    for fix in fixes:
        if fix.text is None:
            after = after.with_file(fix.path, request.source.file(fix.path), permissions=fix.mode)
        else:
            after = after.with_new_file(fix.path, fix.text, permissions=fix.mode)
    return after.changes(request.source)
