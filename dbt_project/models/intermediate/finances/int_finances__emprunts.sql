-- Every accepted record of the debt annexes, with its weight. One loan may be in several states of the annexe: the
-- state 01 (debt by nature) lists each loan once; 09 lists the loans of others that the budget guarantees.
with emprunts as (
    select
        exercice,
        lpad(trim(code_type_emprunt), 2, '0') as code_type_emprunt,
        numero_contrat,
        objet,
        preteur,
        compte,
        libelle_compte,
        annee_mobilisation,
        montant_initial_eur,
        duree_residuelle_annees,
        code_type_taux,
        taux_actuariel_pct,
        code_indice_risque,
        code_structure_risque,
        interets_eur,
        capital_rembourse_eur,
        capital_restant_du_ouverture_eur,
        -- if it is left out, it is what was due at the opening less what was repaid; a loan with nothing due at the
        -- opening was drawn since
        coalesce(
            capital_restant_du_cloture_eur,
            case when capital_restant_du_ouverture_eur > 0 then capital_restant_du_ouverture_eur - capital_rembourse_eur end
        ) as capital_restant_du_cloture_eur,
        {{ document_id('numero_budget') }} as document_id,
        {{ document_id('numero_budget') }} || '/emprunt/' || cast(numero_element as string) as emprunt_id,
        _livraison,
        _fichier,
        _feuille,
        _ligne
    from {{ source('lake', 'budget__emprunts') }}
),

qualifies as (
    select
        emprunts.*,
        documents.siret,
        documents.siren,
        documents.code_budget,
        documents.libelle_budget,
        documents.type_budget,
        documents.code_nature_decision,
        documents.nature_decision,
        documents.est_compte_administratif,
        case
            when documents.poids = 0 then documents.motif
            when emprunts.code_type_emprunt = '01' then null
            when emprunts.code_type_emprunt is null then 'état de l’annexe non précisé'
            when emprunts.code_type_emprunt = '09' then 'emprunt garanti : la collectivité n’en est pas débitrice'
            when emprunts.code_type_emprunt = '10' then 'calcul du ratio d’endettement'
            else 'autre état de l’annexe que la répartition par nature de dette'
        end as motif_exclusion
    from emprunts
    inner join {{ ref('int_finances__documents') }} as documents on emprunts.document_id = documents.document_id
)

select
    emprunt_id,
    document_id,
    exercice,
    siret,
    siren,
    code_budget,
    libelle_budget,
    type_budget,
    code_nature_decision,
    nature_decision,
    est_compte_administratif,
    code_type_emprunt,
    numero_contrat,
    objet,
    preteur,
    compte,
    libelle_compte,
    annee_mobilisation,
    montant_initial_eur,
    duree_residuelle_annees,
    code_type_taux,
    taux_actuariel_pct,
    code_indice_risque,
    code_structure_risque,
    interets_eur,
    capital_rembourse_eur,
    capital_restant_du_ouverture_eur,
    capital_restant_du_cloture_eur,
    case when motif_exclusion is null then 1 else 0 end as poids,
    coalesce(motif_exclusion, 'compté') as motif,
    _livraison,
    _fichier,
    _feuille,
    _ligne
from qualifies
