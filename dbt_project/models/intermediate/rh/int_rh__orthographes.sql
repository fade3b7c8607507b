-- union: several spellings of one word become the same once normalised.
select nomenclature, {{ normalise_libelle('orthographe') }} as orthographe, code
from {{ source('reference', 'rh_orthographes') }}
union
select 'cadre_emplois' as nomenclature, {{ normalise_libelle('libelle_cadre_emplois') }} as orthographe, code_cadre_emplois as code
from {{ source('reference', 'rh_cadres_emplois') }}
union
select 'cadre_emplois' as nomenclature, {{ normalise_libelle('libelle_court') }} as orthographe, code_cadre_emplois as code
from {{ source('reference', 'rh_cadres_emplois') }}
union
select 'filiere' as nomenclature, {{ normalise_libelle('libelle_filiere') }} as orthographe, code_filiere as code
from {{ source('reference', 'rh_filieres') }}
union
select sens as nomenclature, {{ normalise_libelle('libelle_motif') }} as orthographe, code_motif as code
from {{ source('reference', 'rh_motifs') }}
